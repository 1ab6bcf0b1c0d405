/* A crowd of watchers that only drains and counts, in a process of its own, so that it costs the measured side nothing.
 *
 *   drain HOST PORT N SOURCES [HANDSHAKE FIRST]
 *
 * Dials N connections, from SOURCES source addresses 127.0.0.1, 127.0.0.2 ... in turn (one address has some 28,000 ports).
 * HANDSHAKE is a file with an HTTP upgrade request and FIRST one with the frames to send once upgraded; without
 * them the peer sends frames from the start. Prints "ready"; then, for every line on stdin, one line
 * "frames COUNT bytes COUNT closed COUNT cpu SECONDS" of complete WebSocket messages and all bytes so far; ends with stdin.
 * A ping is answered and not counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 16)
#define EVENTS 512
#define PING 0x89

/* Where a connection stands in its stream of frames. */
struct reader {
    int fd;
    uint8_t header[10];
    int have;         /* bytes of the header so far */
    uint64_t payload; /* bytes of the payload still to come */
    uint8_t opcode;
    uint8_t ping[125]; /* what a ping said, to say it back */
    int said;
};

static char buffer[BUFFER];
static unsigned long long frames, bytes, closed;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int header_size(const struct reader *r) {
    if (r->have < 2) return 2;
    int length = r->header[1] & 0x7f;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static uint64_t payload_size(const struct reader *r) {
    int length = r->header[1] & 0x7f;
    if (length < 126) return (uint64_t)length;
    uint64_t size = 0;
    for (int i = 2; i < header_size(r); i++) size = size << 8 | r->header[i];
    return size;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        data += sent, size -= (size_t)sent;
    }
}

static void end_of_frame(struct reader *r) {
    if (r->opcode != PING) {
        frames++;
        return;
    }
    char pong[6 + sizeof r->ping] = {(char)0x8a, (char)(0x80 | r->said), 0, 0, 0, 0}; /* masked with a zero key */
    memcpy(pong + 6, r->ping, (size_t)r->said);
    send_all(r->fd, pong, 6 + (size_t)r->said);
    r->said = 0;
}

static void take(struct reader *r, const char *data, size_t size) {
    bytes += size;
    while (size) {
        if (r->payload) {
            size_t step = r->payload < size ? (size_t)r->payload : size;
            if (r->opcode == PING && r->said + step <= sizeof r->ping) {
                memcpy(r->ping + r->said, data, step);
                r->said += (int)step;
            }
            r->payload -= step, data += step, size -= step;
            if (!r->payload) end_of_frame(r);
            continue;
        }
        r->header[r->have++] = (uint8_t)*data++, size--;
        if (r->have < header_size(r)) continue;
        r->payload = payload_size(r);
        r->opcode = r->header[0];
        r->have = 0;
        if (!r->payload) end_of_frame(r);
    }
}

static char *contents(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(BUFFER);
    if (!file || !text) die(path);
    *size = fread(text, 1, BUFFER, file);
    fclose(file);
    return text;
}

static int dial(const char *host, int port, long source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1) die("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (source && bind(fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    return fd;
}

/* Ask for the upgrade and read up to the end of the answer's head; what came after it is already frames. */
static void upgrade(struct reader *r, const char *request, size_t size) {
    size_t have = 0;
    char *end;
    send_all(r->fd, request, size);
    do {
        ssize_t got = recv(r->fd, buffer + have, BUFFER - 1 - have, 0);
        if (got <= 0) die("hung up on during the upgrade");
        have += (size_t)got;
        buffer[have] = 0;
    } while (!(end = strstr(buffer, "\r\n\r\n")));
    if (strncmp(buffer, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "the upgrade was refused: %.60s\n", buffer);
        exit(1);
    }
    take(r, end + 4, have - (size_t)(end + 4 - buffer));
}

static void drain(struct reader *r) {
    for (;;) {
        ssize_t got = recv(r->fd, buffer, BUFFER, 0);
        if (got > 0) take(r, buffer, (size_t)got);
        if (got == BUFFER) continue;
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            close(r->fd);
            closed++;
        }
        return;
    }
}

static int asked(void) {
    char line[64];
    struct timespec cpu;
    if (read(STDIN_FILENO, line, sizeof line) <= 0) return 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("frames %llu bytes %llu closed %llu cpu %.6f\n", frames, bytes, closed,
           (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
    fflush(stdout);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 7) {
        fprintf(stderr, "usage: drain HOST PORT N SOURCES [HANDSHAKE FIRST]\n");
        return 2;
    }
    long count = atol(argv[3]), sources = atol(argv[4]);
    size_t request_size = 0, first_size = 0;
    char *request = argc == 7 ? contents(argv[5], &request_size) : NULL;
    char *first = argc == 7 ? contents(argv[6], &first_size) : NULL;
    struct reader *readers = calloc((size_t)count, sizeof *readers);
    struct epoll_event ready[EVENTS], want = {.events = EPOLLIN, .data.ptr = NULL};
    int poll = epoll_create1(0);
    if (!readers || poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &want)) die("epoll");
    for (long i = 0; i < count; i++) {
        readers[i].fd = dial(argv[1], atoi(argv[2]), i % sources);
        if (request) {
            upgrade(&readers[i], request, request_size);
            send_all(readers[i].fd, first, first_size);
        }
        fcntl(readers[i].fd, F_SETFL, O_NONBLOCK);
        want.data.ptr = &readers[i];
        if (epoll_ctl(poll, EPOLL_CTL_ADD, readers[i].fd, &want)) die("epoll_ctl");
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(poll, ready, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr) drain(ready[i].data.ptr);
            else if (!asked()) return 0;
        }
    }
}
