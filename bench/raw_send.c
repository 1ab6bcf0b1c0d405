/* The limit of fan-out: a bare loop of send() of one ready frame to N connected loopback sockets.
 *
 *   raw_send N SIZE RATE SECONDS
 *
 * Listens on a free port of 127.0.0.1 and prints "port P"; takes N connections and prints "ready"; waits for a line on
 * stdin; then RATE times a second, for SECONDS, sends one WebSocket text frame of SIZE bytes in all to each of them. Prints
 * "cpu SECONDS frames COUNT short COUNT": the CPU time (user and system) of the loop alone, whole frames sent, and
 * frames that the kernel had no room for (there should be none).
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double cpu_seconds(void) {
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

static int listen_on_loopback(void) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, size) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&here, &size)) die("getsockname");
    printf("port %d\n", ntohs(here.sin_port));
    fflush(stdout);
    return fd;
}

static int *take_connections(int listener, long count) {
    int on = 1, *sockets = calloc((size_t)count, sizeof *sockets);
    if (!sockets) die("calloc");
    for (long i = 0; i < count; i++) {
        if ((sockets[i] = accept(listener, NULL, NULL)) < 0) die("accept");
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return sockets;
}

/* An unmasked text frame of `size` bytes in all, filled with spaces. */
static char *ready_frame(long size) {
    char *frame = malloc((size_t)size);
    if (!frame) die("malloc");
    memset(frame, ' ', (size_t)size);
    frame[0] = (char)0x81;
    if (size - 2 <= 125) {
        frame[1] = (char)(size - 2);
    } else {
        frame[1] = 126;
        frame[2] = (char)((size - 4) >> 8);
        frame[3] = (char)((size - 4) & 0xff);
    }
    return frame;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: raw_send N SIZE RATE SECONDS\n");
        return 2;
    }
    long count = atol(argv[1]), size = atol(argv[2]), rounds = (long)(atof(argv[3]) * atof(argv[4]));
    long long step_ns = (long long)(1e9 / atof(argv[3])), sent = 0, short_sends = 0;
    int listener = listen_on_loopback();
    int *sockets = take_connections(listener, count);
    char *frame = ready_frame(size), line[8];
    struct timespec due;
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 0;
    double before = cpu_seconds();
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < count; i++) {
            if (send(sockets[i], frame, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) == size) sent++;
            else short_sends++;
        }
        long long next = due.tv_nsec + step_ns;
        due.tv_sec += next / 1000000000;
        due.tv_nsec = next % 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    printf("cpu %.6f frames %lld short %lld\n", cpu_seconds() - before, sent, short_sends);
    return 0;
}
