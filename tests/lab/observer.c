/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watches the lab from outside: which nodes hold which service, by its process and by its address,
 * every 50 ms. It writes down each change; lab-verdict judges.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_MS 50
/* Three nodes and their services; what is over is an error in the call. */
#define NODES 8
#define CRITERIA 16
#define WORDS_MAX 4
/* Processes that hold one service, in one sample: a loop in a shell forks now and then. */
#define HOLDERS 64
/* A node has a pid namespace anew at each boot; a run of all stories boots far fewer. */
#define SPACES 512
#define NAME_MAX_ 80
#define LINE_MAX_ 1024

static const char usage[] =
    "usage: lab-observer SAMPLES LAB THING...    samples until SIGTERM\n"
    "THING: process SERVICE \"WORD WORD...\"      held where a process's argv begins with these\n"
    "                                           words, folders left out\n"
    "       address SERVICE ADDRESS             held where it is an address of the node\n";

struct holder {
    const char *node;
    unsigned long long space;
    pid_t pid;
    unsigned long long began; /* a pid alone may be another process by now */
};

struct criterion {
    const char *service;
    const char *words[WORDS_MAX + 1];
    const char *address; /* NULL: it is about a process */
    struct holder holders[HOLDERS];
    int n_holders;
    char said[LINE_MAX_];
};

/* A node that is on: its process 1 as the host counts. */
struct node {
    const char *name;
    pid_t pid;
};

/* Which node a pid namespace belongs to, also after its process 1 is gone. */
struct space {
    unsigned long long inode;
    char node[NAME_MAX_];
};

struct observer {
    FILE *out;
    const char *lab;
    struct node nodes[NODES];
    struct criterion criteria[CRITERIA];
    struct space spaces[SPACES];
    int n_nodes, n_criteria, n_spaces;
    unsigned long long own_space;
    long long samples, largest_gap_ms, last_ms;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("lab-observer: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static long long now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        die("no clock: %s", strerror(errno));
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The bytes that are there, at most size - 1, ended with a zero; 0 also without such a file. */
static size_t read_file(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = 0;

    if (file) {
        length = fread(bytes, 1, size - 1, file);
        fclose(file);
    }
    bytes[length] = '\0';
    return length;
}

static unsigned long long pid_space(pid_t pid)
{
    char path[64], target[64];
    ssize_t length;

    snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
    length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0)
        return 0;
    target[length] = '\0';
    return strncmp(target, "pid:[", 5) == 0 ? strtoull(target + 5, NULL, 10) : 0;
}

/* A number of /proc/PID/stat, from field 4 on; 0: the process is gone or a zombie. */
static unsigned long long process_field(pid_t pid, int which)
{
    char path[64], bytes[1024], *at;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_file(path, bytes, sizeof(bytes)) == 0 || !(at = strrchr(bytes, ')')))
        return 0;
    /* After the name comes field 3, the state. */
    if (at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
        return 0;
    at += 2;
    for (int field = 3; field < which; field++) {
        at = strchr(at + 1, ' ');
        if (!at)
            return 0;
    }
    return strtoull(at, NULL, 10);
}

/* In clock ticks. */
static unsigned long long process_began(pid_t pid)
{
    return process_field(pid, 22);
}

/* Whether it is below the process that guards the lab: there may be other labs on this machine. */
static bool is_of_lab(const struct observer *observer, pid_t pid)
{
    char path[LINE_MAX_], bytes[32];
    pid_t guard;

    snprintf(path, sizeof(path), "%s/guard.pid", observer->lab);
    read_file(path, bytes, sizeof(bytes));
    guard = (pid_t)strtol(bytes, NULL, 10);
    while (pid > 1 && pid != guard)
        pid = (pid_t)process_field(pid, 4);
    return pid == guard && guard > 1;
}

/* Remembers whose a pid namespace is. A number that was used again belongs to its last owner. */
static const char *name_space(struct observer *observer, unsigned long long inode, const char *name)
{
    struct space *space;

    for (int i = observer->n_spaces; i > 0; i--) {
        space = &observer->spaces[i - 1];
        if (space->inode == inode && name && strcmp(space->node, name) != 0)
            break;
        if (space->inode == inode)
            return space->node;
    }
    if (observer->n_spaces == SPACES)
        die("over %d boots", SPACES);
    space = &observer->spaces[observer->n_spaces++];
    space->inode = inode;
    /* Nobody told us of this node, yet it runs the service: it counts under a name of its own. */
    if (name)
        snprintf(space->node, sizeof(space->node), "%s", name);
    else
        snprintf(space->node, sizeof(space->node), "pid-space-%llu", inode);
    return space->node;
}

static bool is_first_process(pid_t pid)
{
    char path[64], bytes[4096];
    const char *line;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    read_file(path, bytes, sizeof(bytes));
    line = strstr(bytes, "\nNSpid:");
    return line && strstr(line + 1, "\t1\n") == strchr(line + 1, '\n') - 2;
}

static bool begins_with(const char *command, size_t length, const char *const *words)
{
    const char *end = command + length;

    for (; *words; words++) {
        const char *slash;

        if (command >= end)
            return false;
        slash = strrchr(command, '/');
        if (strcmp(slash ? slash + 1 : command, *words) != 0)
            return false;
        command += strlen(command) + 1;
    }
    return true;
}

/* A node's process 1 is "lab-init NAME NUMBER LAB ...". */
static void look_at_node(struct observer *observer, pid_t pid, const char *command, size_t length)
{
    static const char *const words[] = {"lab-init", NULL};
    const char *name = command + strlen(command) + 1;
    const char *lab = name;

    if (!begins_with(command, length, words))
        return;
    for (int i = 0; i < 2 && lab < command + length; i++)
        lab += strlen(lab) + 1;
    if (lab >= command + length || strcmp(lab, observer->lab) != 0 || !is_first_process(pid))
        return;
    if (observer->n_nodes == NODES)
        die("over %d nodes", NODES);
    observer->nodes[observer->n_nodes++] =
        (struct node){name_space(observer, pid_space(pid), name), pid};
}

static void look_at_process(struct observer *observer, pid_t pid)
{
    char path[64], command[4096];
    size_t length;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    length = read_file(path, command, sizeof(command));
    if (length == 0)
        return;
    look_at_node(observer, pid, command, length);
    for (int i = 0; i < observer->n_criteria; i++) {
        struct criterion *criterion = &observer->criteria[i];
        unsigned long long space;

        if (criterion->address || !begins_with(command, length, criterion->words))
            continue;
        space = pid_space(pid);
        if (space == 0 || space == observer->own_space || !is_of_lab(observer, pid))
            continue;
        if (criterion->n_holders == HOLDERS)
            die("over %d processes hold %s", HOLDERS, criterion->service);
        criterion->holders[criterion->n_holders++] =
            (struct holder){NULL, space, pid, process_began(pid)};
    }
}

static void look_at_processes(struct observer *observer)
{
    DIR *directory = opendir("/proc");
    const struct dirent *entry;

    if (!directory)
        die("cannot read /proc: %s", strerror(errno));
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            look_at_process(observer, (pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(directory);
}

/* The kernel's table of routes in the node's network says "|-- ADDRESS", then "/32 host LOCAL". */
static bool has_address(const struct node *node, const char *address)
{
    static char table[256 * 1024];
    char path[64], line[96], *at;

    snprintf(path, sizeof(path), "/proc/%d/net/fib_trie", node->pid);
    snprintf(line, sizeof(line), "|-- %s\n", address);
    if (read_file(path, table, sizeof(table)) == sizeof(table) - 1)
        die("the routes of %s are too many", node->name);
    for (at = table; (at = strstr(at, line)); at++) {
        const char *next = at + strlen(line);

        next += strspn(next, " ");
        if (strncmp(next, "/32 host LOCAL", 14) == 0)
            return true;
    }
    return false;
}

static void look_at_address(struct observer *observer, struct criterion *criterion)
{
    for (int i = 0; i < observer->n_nodes; i++) {
        const struct node *node = &observer->nodes[i];

        if (has_address(node, criterion->address))
            criterion->holders[criterion->n_holders++] =
                (struct holder){node->name, 0, node->pid, 0};
    }
}

static bool is_on_two(const struct criterion *criterion)
{
    for (int i = 1; i < criterion->n_holders; i++) {
        if (strcmp(criterion->holders[i].node, criterion->holders[0].node) != 0)
            return true;
    }
    return false;
}

static bool still_holds(const struct observer *observer, const struct criterion *criterion,
                        const struct holder *holder)
{
    if (!criterion->address)
        return holder->began != 0 && process_began(holder->pid) == holder->began;
    for (int i = 0; i < observer->n_nodes; i++) {
        const struct node *node = &observer->nodes[i];

        if (strcmp(node->name, holder->node) == 0)
            return node->pid == holder->pid && has_address(node, criterion->address);
    }
    return false;
}

/*
 * A pass over the nodes takes time, and a service may move on meanwhile. Who was seen in the first
 * pass and is seen again held it at the instant between the two passes, and so did all others.
 */
static void confirm(const struct observer *observer, struct criterion *criterion)
{
    int kept = 0;

    if (!is_on_two(criterion))
        return;
    for (int i = 0; i < criterion->n_holders; i++) {
        if (still_holds(observer, criterion, &criterion->holders[i]))
            criterion->holders[kept++] = criterion->holders[i];
    }
    criterion->n_holders = kept;
}

static bool is_first_of_its_node(const struct criterion *criterion, int which)
{
    for (int i = 0; i < which; i++) {
        if (strcmp(criterion->holders[i].node, criterion->holders[which].node) == 0)
            return false;
    }
    return true;
}

/* A line for each change: MILLISECONDS SERVICE process|address NODE,NODE (or "-"). */
static void say_change(struct observer *observer, struct criterion *criterion, long long at)
{
    char words[LINE_MAX_] = "";
    size_t length = 0;

    for (int i = 0; i < criterion->n_holders; i++) {
        if (is_first_of_its_node(criterion, i) && length < sizeof(words) - NAME_MAX_)
            length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
                                       length ? "," : "", criterion->holders[i].node);
    }
    if (length == 0)
        snprintf(words, sizeof(words), "-");
    if (strcmp(words, criterion->said) == 0)
        return;
    memcpy(criterion->said, words, sizeof(words));
    fprintf(observer->out, "%lld %s %s %s\n", at, criterion->service,
            criterion->address ? "address" : "process", words);
}

static void take_sample(struct observer *observer)
{
    long long at = now_ms();

    if (observer->last_ms && at - observer->last_ms > observer->largest_gap_ms)
        observer->largest_gap_ms = at - observer->last_ms;
    observer->last_ms = at;
    observer->samples++;
    observer->n_nodes = 0;
    for (int i = 0; i < observer->n_criteria; i++)
        observer->criteria[i].n_holders = 0;
    look_at_processes(observer);
    for (int i = 0; i < observer->n_criteria; i++) {
        struct criterion *criterion = &observer->criteria[i];

        for (int j = 0; j < criterion->n_holders; j++)
            criterion->holders[j].node = name_space(observer, criterion->holders[j].space, NULL);
        if (criterion->address)
            look_at_address(observer, criterion);
        confirm(observer, criterion);
        say_change(observer, criterion, at);
    }
    fflush(observer->out);
}

static void read_words(struct criterion *criterion, char *words)
{
    int count = 0;

    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        if (count == WORDS_MAX)
            die("over %d words for %s", WORDS_MAX, criterion->service);
        criterion->words[count++] = word;
    }
    if (count == 0)
        die("no words for %s", criterion->service);
}

static void read_call(struct observer *observer, int n_words, char **words)
{
    for (int i = 0; i + 2 < n_words; i += 3) {
        struct criterion *criterion = &observer->criteria[observer->n_criteria];

        if (observer->n_criteria == CRITERIA)
            die("over %d things to look at", CRITERIA);
        criterion->service = words[i + 1];
        if (strcmp(words[i], "process") == 0)
            read_words(criterion, words[i + 2]);
        else if (strcmp(words[i], "address") == 0)
            criterion->address = words[i + 2];
        else
            die("\"%s\" is not understood", words[i]);
        observer->n_criteria++;
    }
    if (n_words % 3 != 0 || observer->n_criteria == 0)
        die("something is missing\n%s", usage);
}

static int watch(const char *path, const char *lab, int n_words, char **words)
{
    static struct observer observer = {.lab = NULL};
    struct timespec next;

    observer.lab = lab;
    read_call(&observer, n_words, words);
    observer.own_space = pid_space(getpid());
    observer.out = fopen(path, "ae");
    if (!observer.out)
        die("cannot write %s: %s", path, strerror(errno));
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    while (!is_over) {
        long long due;

        take_sample(&observer);
        due = observer.last_ms + SAMPLE_MS;
        next = (struct timespec){due / 1000, due % 1000 * 1000000};
        clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &next, NULL);
    }
    fprintf(observer.out, "%lld samples %lld gap %lld\n", now_ms(), observer.samples,
            observer.largest_gap_ms);
    return fclose(observer.out) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs(usage, stderr);
        return 2;
    }
    return watch(argv[1], argv[2], argc - 3, argv + 3);
}
