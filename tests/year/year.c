/*
 * The 24 sites year (year.h, docs/year.md).
 *
 *     year --sites 24 --seed 1 --jobs 2     the whole year
 *     year --sites 3 --days 20 --seed 1     a short one
 *     year ... --json FILE                  the main figures for a program
 *     year ... --only 5 --trace FILE         the fifth site alone, every step of it as text
 *
 *     year ... --lie vanish|deaf             a broken truth, which the run has to find
 *
 * Exit: 0 every truth held, 1 one was broken (where and when is on stderr), 2 usage.
 */
#include "year.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MOST = 16 };

static void run_site(const struct options *o, int number, int to_fd)
{
    struct site *s = calloc(1, sizeof(*s));
    if (!s) {
        exit(1);
    }
    site_create(o, number, s);
    site_run(s);
    struct tally tally = s->tally;
    site_end(s);
    free(s);
    if (write(to_fd, &tally, sizeof(tally)) != (ssize_t)sizeof(tally)) {
        exit(1);
    }
}

struct job {
    pid_t pid;
    int fd, number;
};

static int start_site(const struct options *o, int number, struct job *job)
{
    int fds[2];
    if (pipe(fds) < 0) {
        return -1;
    }
    job->pid = fork();
    if (job->pid == 0) {
        (void)close(fds[0]);
        run_site(o, number, fds[1]);
        exit(0);
    }
    (void)close(fds[1]);
    job->fd = fds[0];
    job->number = number;
    return job->pid < 0 ? -1 : 0;
}

/* A tally is written in one piece at the very end; a pipe holds it. */
static bool finish_site(struct job *job, struct tally *ret_tally)
{
    size_t got = 0;
    ssize_t n = 0;
    while ((n = read(job->fd, (char *)ret_tally + got, sizeof(*ret_tally) - got)) > 0) {
        got += (size_t)n;
    }
    int status = 0;
    (void)close(job->fd);
    (void)waitpid(job->pid, &status, 0);
    return status == 0 && got == sizeof(*ret_tally);
}

/* The oldest is waited for first; the others go on meanwhile. */
static bool run_all(const struct options *o, struct tally *sum)
{
    static struct tally tally[YEAR_SITES];
    struct job jobs[JOBS_MOST];
    int started = o->only > 0 ? o->only - 1 : 0, done = started, end = o->only > 0 ? o->only : o->sites;
    bool ok = true;
    while (done < end) {
        while (started < end && started - done < o->jobs) {
            if (start_site(o, started, &jobs[started % JOBS_MOST]) < 0) {
                perror("year");
                return false;
            }
            started++;
        }
        ok = finish_site(&jobs[done % JOBS_MOST], &tally[done]) && ok;
        done++;
    }
    for (int i = 0; i < o->sites && ok; i++) { /* of those not run: zeros */
        table_add(sum, &tally[i]);
    }
    return ok;
}

static bool read_number(const char *text, int64_t least, int64_t most, int64_t *ret)
{
    char *end = NULL;
    int64_t n = text ? strtoll(text, &end, 10) : 0;
    *ret = n;
    return text && *text && end && *end == '\0' && n >= least && n <= most;
}

static bool read_option(struct options *o, const char *name, const char *value)
{
    int64_t n = 0;
    bool ok = true;
    if (strcmp(name, "--seed") == 0) {
        ok = read_number(value, 0, INT64_MAX, &n);
        o->seed = (uint64_t)n;
    } else if (strcmp(name, "--sites") == 0) {
        ok = read_number(value, 1, YEAR_SITES, &n);
        o->sites = (int)n;
    } else if (strcmp(name, "--days") == 0) {
        ok = read_number(value, 1, YEAR_DAYS, &n);
        o->days = (int)n;
    } else if (strcmp(name, "--jobs") == 0) {
        ok = read_number(value, 1, JOBS_MOST, &n);
        o->jobs = (int)n;
    } else if (strcmp(name, "--only") == 0) {
        ok = read_number(value, 1, YEAR_SITES, &n);
        o->only = (int)n;
    } else if (strcmp(name, "--json") == 0) {
        o->json = value;
    } else if (strcmp(name, "--trace") == 0) {
        o->trace = value;
    } else if (strcmp(name, "--lie") == 0) {
        o->lie = strcmp(value, "vanish") == 0 ? LIE_VANISH : LIE_DEAF;
        ok = o->lie == LIE_VANISH || strcmp(value, "deaf") == 0;
    } else {
        ok = false;
    }
    return ok;
}

int main(int argc, char **argv)
{
    static struct tally sum;
    struct options o = {.seed = 1, .sites = YEAR_SITES, .days = YEAR_DAYS, .jobs = 2};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !read_option(&o, argv[i], argv[i + 1])) {
            fprintf(
                stderr,
                "usage: year [--sites N] [--days N] [--seed N] [--jobs N] [--json FILE] [--only N] [--trace FILE]\n");
            return 2;
        }
    }
    if (!run_all(&o, &sum)) {
        return 1;
    }
    table_print(&o, &sum);
    return o.json && table_json(o.json, &o, &sum) < 0 ? 1 : 0;
}
