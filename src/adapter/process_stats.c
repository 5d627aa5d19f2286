#include "adapter/process_stats.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Fields of /proc/self/stat after the command's name, counted from the state. */
#define STAT_START_TICKS 19
#define STAT_VIRTUAL_BYTES 20
#define STAT_RESIDENT_PAGES 21
#define STAT_FIELDS 22

static bool read_line(const char *path, char *out, size_t room)
{
    FILE *file = fopen(path, "re");
    bool is_read = file != NULL && fgets(out, (int)room, file) != NULL;

    if (file != NULL) {
        fclose(file);
    }
    return is_read;
}

/* When the system started, in seconds since the epoch. */
static double boot_seconds(void)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[256];
    int64_t seconds = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "btime %" SCNd64, &seconds) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)seconds;
}

static void read_stat(struct process_stats *stats)
{
    long ticks = sysconf(_SC_CLK_TCK);
    uint64_t fields[STAT_FIELDS] = {0};
    char line[1024];
    uint32_t count = 0;

    if (!read_line("/proc/self/stat", line, sizeof line)) {
        return;
    }
    /* The name may hold blanks and parentheses; the last one ends it. */
    char *at = strrchr(line, ')');
    char *rest = NULL;
    char *word = at == NULL ? NULL : strtok_r(at + 1, " ", &rest);
    for (; word != NULL && count < STAT_FIELDS; count++, word = strtok_r(NULL, " ", &rest)) {
        (void)sscanf(word, "%" SCNu64, &fields[count]);
    }
    stats->virtual_bytes = (int64_t)fields[STAT_VIRTUAL_BYTES];
    stats->resident_bytes = (int64_t)fields[STAT_RESIDENT_PAGES] * sysconf(_SC_PAGESIZE);
    if (ticks > 0) {
        stats->start_seconds = boot_seconds() + (double)fields[STAT_START_TICKS] / (double)ticks;
    }
}

static int64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;

    if (folder == NULL) {
        return 0;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count - 3; /* Not itself, nor the parent, nor the one it was read with. */
}

struct process_stats process_stats_read(void)
{
    struct process_stats stats = {0};
    struct rusage usage;
    struct rlimit limit;

    read_stat(&stats);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        stats.cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        stats.fds_max = (int64_t)limit.rlim_cur;
    }
    stats.open_fds = count_fds();
    return stats;
}
