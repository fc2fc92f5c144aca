/* Ends as soon as it starts, as a release does that cannot read its settings. */
#include <stdio.h>

int main(void) {
    fprintf(stderr, "fatal: this release cannot start\n");
    return 1;
}
