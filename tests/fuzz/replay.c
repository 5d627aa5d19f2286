/*
 * replay - runs a fuzz target over the files of a folder, and over every prefix of each: a parser
 * meets the end of its input at every place. The main() of a fuzz target without libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (64 * 1024)
#define PREFIX_BYTES_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* An exact copy on the heap, so that the sanitizer sees a read past the end. */
static void run_copy(const uint8_t *data, size_t bytes)
{
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

    if (copy == NULL) {
        abort();
    }
    for (size_t i = 0; i < bytes; i++) {
        copy[i] = data[i];
    }
    (void)LLVMFuzzerTestOneInput(copy, bytes);
    free(copy);
}

static void run_file(const char *folder, const char *name)
{
    static uint8_t data[INPUT_BYTES_MAX];
    char path[4096];
    size_t bytes;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    bytes = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    run_copy(data, bytes);
    for (size_t prefix = 0; prefix < bytes && prefix < PREFIX_BYTES_MAX; prefix++) {
        run_copy(data, prefix);
    }
}

int main(int argc, char **argv)
{
    struct dirent *entry;
    int count = 0;
    DIR *folder;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    folder = opendir(argv[1]);
    if (folder == NULL) {
        perror(argv[1]);
        return 1;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            run_file(argv[1], entry->d_name);
            count++;
        }
    }
    (void)closedir(folder);
    (void)printf("%d inputs and their prefixes\n", count);
    return count > 0 ? 0 : 1; /* An empty corpus tests nothing. */
}
