/* Runs and answers nobody. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    fprintf(stderr, "waiting for something that never comes\n");
    for (;;) pause();
}
