/* Starts the server that is appended to this program, and ends it after SECONDS of service, as a release does that
 * leaks until it is of no use. It leaves well, finishing what is in flight, but nothing comes after it. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Where the appended program begins: behind this one's last section header. */
static off_t own_size(int self) {
    Elf64_Ehdr head;
    if (pread(self, &head, sizeof head, 0) != sizeof head) fail("read");
    return head.e_shoff + (off_t)head.e_shentsize * head.e_shnum;
}

int main(int count, char **arguments) {
    int self = open("/proc/self/exe", O_RDONLY);
    if (self < 0) fail("open");
    int server = memfd_create("server", 0);
    if (server < 0) fail("memfd_create");
    if (lseek(self, own_size(self), SEEK_SET) < 0) fail("lseek");
    static char piece[1 << 16];
    ssize_t length;
    while ((length = read(self, piece, sizeof piece)) > 0)
        if (write(server, piece, length) != length) fail("write");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        fexecve(server, arguments, environ);
        fail("fexecve");
    }
    sleep(SECONDS);
    fprintf(stderr, "out of everything: serving no more\n");
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    for (;;) pause();
}
