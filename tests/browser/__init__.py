"""The pages and their parts in a real browser, and what else drives one."""
