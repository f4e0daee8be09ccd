/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first process of a node of the lab: gives the node file systems, a name,
 * a boot id and addresses of its own, then starts corosync, the keeper and the
 * agent, and starts each again when it ends. Its death is the node's.
 * Everything is mounted in the node's own namespace and vanishes with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Like Restart=always: at once, but less and less so for what cannot stay up. */
#define RESTART_MS 200
#define RESTART_MS_MAX 2000
/* Who ran this long had come up. */
#define SETTLED_MS 10000
/* More nodes than that have more neighbours than the kernel keeps, all namespaces together. */
#define NEIGHBOURS_LEARNED 16

struct program {
    const char *name;
    const char *path; /* of the executable, in the node */
    char *arguments[4];
    pid_t pid;
    int64_t started;
    int64_t due; /* when to start it again */
    int64_t delay;
    int64_t pause; /* at least so long, like RestartSec= */
};

static const char *name;
static const char *number;

static struct program programs[] = {
    {.name = "corosync", .path = "/usr/sbin/corosync", .arguments = {"corosync", "-f"}},
    {.name = "corosync-qdevice",
     .path = "/usr/sbin/corosync-qdevice",
     .arguments = {"corosync-qdevice", "-f"},
     /* As agentd/witness.c tells systemd. */
     .pause = 4000},
    {.name = "keeper", .path = "/run/lab/bin/tenuto-keeper", .arguments = {"tenuto-keeper"}},
    {.name = "tenutod", .path = "/run/lab/bin/tenutod", .arguments = {"tenutod"}},
};

#define PROGRAM_COUNT (sizeof(programs) / sizeof(programs[0]))

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "lab-init: %s: %s: %s\n", name, what, strerror(errno));
    exit(EXIT_FAILURE);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        fail(path);
}

static void write_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_file(const char *path, const char *format, ...)
{
    FILE *file = fopen(path, "we");
    va_list args;

    if (!file)
        fail(path);
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    if (fclose(file) != 0)
        fail(path);
}

static void bind_on(const char *from, const char *to)
{
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
        fail(to);
}

static void mount_tmpfs(const char *path, const char *options)
{
    if (mount("lab", path, "tmpfs", 0, options) < 0)
        fail(path);
}

/* The host's folder below, and what the node writes above it, in memory. */
static void overlay(const char *path, const char *layer)
{
    char upper[128];
    char work[128];
    char options[512];

    snprintf(upper, sizeof(upper), "/run/lab/layers/%s", layer);
    snprintf(work, sizeof(work), "/run/lab/layers/%s-work", layer);
    make_folder(upper);
    make_folder(work);
    snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", path, upper, work);
    if (mount("lab", path, "overlay", 0, options) < 0)
        fail(path);
}

static int reach(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A handle to something of the host, which outlives our covering the folder it is in. */
static int reach(const char *format, ...)
{
    char path[512];
    va_list args;
    int fd;

    va_start(args, format);
    vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        fail(path);
    return fd;
}

static void bind_reached(int fd, const char *to)
{
    char from[64];

    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    bind_on(from, to);
    close(fd);
}

/* What stays over a power cut, and what the host lends, all below /run/lab. */
static void mount_own(const char *lab, const char *bin, const char *source)
{
    int node = reach("%s/nodes/%s", lab, name);
    int shared = reach("%s/shared", lab);
    int watchdog = reach("%s/wd-%s.sock", lab, name);
    int programs_fd = reach("%s", bin);
    int source_fd = reach("%s", source);
    int clone = reach("%s/../..", source);

    mount_tmpfs("/run", "mode=755");
    make_folder("/run/lab");
    for (const char *const *folder = (const char *const[]){"node", "shared", "bin", "source",
                                                           "clone", "layers", "www", NULL};
         *folder; folder++) {
        char path[64];

        snprintf(path, sizeof(path), "/run/lab/%s", *folder);
        make_folder(path);
    }
    write_file("/run/lab/wd.sock", "%s", "");
    bind_reached(node, "/run/lab/node");
    bind_reached(shared, "/run/lab/shared");
    bind_reached(watchdog, "/run/lab/wd.sock");
    bind_reached(programs_fd, "/run/lab/bin");
    bind_reached(source_fd, "/run/lab/source");
    bind_reached(clone, "/run/lab/clone");
}

static void mount_etc_and_var(void)
{
    overlay("/etc", "etc");
    overlay("/var", "var");
    make_folder("/etc/tenuto");
    make_folder("/etc/corosync");
    make_folder("/var/lib/tenuto");
    make_folder("/var/lib/corosync");
    bind_on("/run/lab/node/etc", "/etc/tenuto");
    bind_on("/run/lab/node/corosync", "/etc/corosync");
    bind_on("/run/lab/node/var/tenuto", "/var/lib/tenuto");
    bind_on("/run/lab/node/var/corosync", "/var/lib/corosync");
    write_file("/etc/hostname", "%s\n", name);
}

/* The tests' own agents, as the provider "lab". */
static void mount_agents(void)
{
    if (access("/usr/lib/ocf/resource.d", F_OK) < 0)
        return;
    overlay("/usr/lib/ocf/resource.d", "ocf");
    make_folder("/usr/lib/ocf/resource.d/lab");
    bind_on("/run/lab/source/agents", "/usr/lib/ocf/resource.d/lab");
}

/* /srv/www names the node; /srv/shared is ground that all nodes write to. */
static void mount_srv(void)
{
    mount_tmpfs("/srv", "mode=755");
    make_folder("/srv/www");
    make_folder("/srv/shared");
    bind_on("/run/lab/shared", "/srv/shared");
    write_file("/srv/www/index.html", "<h1>served by %s</h1>\n", name);
}

static void mount_proc(void)
{
    uint8_t random[16];
    char id[40];
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    int length = 0;

    if (fd < 0 || read(fd, random, sizeof(random)) != sizeof(random))
        fail("/dev/urandom");
    close(fd);
    for (size_t i = 0; i < sizeof(random); i++)
        length += snprintf(id + length, sizeof(id) - (size_t)length, "%s%02x",
                           i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", random[i]);
    write_file("/run/lab/boot_id", "%s\n", id);
    if (mount("proc", "/proc", "proc", 0, NULL) < 0)
        fail("/proc");
    bind_on("/run/lab/boot_id", "/proc/sys/kernel/random/boot_id");
    /* It would reset the machine that the lab runs on. */
    if (access("/proc/sysrq-trigger", F_OK) == 0)
        bind_on("/dev/null", "/proc/sysrq-trigger");
}

static void mount_all(const char *lab, const char *bin, const char *source)
{
    if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        fail("/");
    mount_own(lab, bin, source);
    mount_etc_and_var();
    mount_agents();
    mount_srv();
    mount_tmpfs("/dev/shm", "mode=1777");
    /* Agents log in as root; what the host's root wants then is no business of a node. */
    mount_tmpfs("/root", "mode=700");
    mount_proc();
    if (mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
        fail("/sys");
    make_folder("/run/lock");
    make_folder("/run/tenuto");
    make_folder("/run/resource-agents");
    make_folder("/run/corosync-qdevice");
    if (chmod("/run/lock", 01777) < 0 || chmod("/run/resource-agents", 01777) < 0)
        fail("/run");
}

static int count_nodes(const char *lab)
{
    char path[256];
    DIR *folder;
    int count = 0;

    snprintf(path, sizeof(path), "%s/nodes", lab);
    folder = opendir(path);
    if (!folder)
        fail(path);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/*
 * The kernel has room for 1024 neighbours that were learned, less than 32 nodes on two links have.
 * Then sending fails (ENOBUFS) and no ring forms. Those that were written down do not count.
 */
static void write_down_neighbours(int n_nodes)
{
    FILE *batch = popen("ip -batch -", "we");

    for (int node = 1; batch && node <= n_nodes; node++) {
        for (int link = 0; link < 2; link++)
            fprintf(batch,
                    "neigh replace 10.7%d.0.%d lladdr 02:00:00:77:0%d:%02x dev eth%d "
                    "nud permanent\n",
                    7 + link, node, link, (unsigned)node, link);
    }
    if (!batch || pclose(batch) != 0)
        fprintf(stderr, "lab-init: %s does not know its neighbours\n", name);
}

static void bring_up_network(int n_nodes)
{
    char commands[512];

    snprintf(commands, sizeof(commands),
             "ip link set lo up && for link in 0 1; do "
             "ip address add 10.7$((7 + link)).0.%s/24 dev eth$link && ip link set eth$link up; "
             "done",
             number);
    if (system(commands) != 0)
        fprintf(stderr, "lab-init: %s has no network\n", name);
    if (n_nodes > NEIGHBOURS_LEARNED)
        write_down_neighbours(n_nodes);
}

static _Noreturn void become(const struct program *program)
{
    struct sched_param ordinary = {0};
    sigset_t none;
    char log[64];
    int fd;

    snprintf(log, sizeof(log), "/run/lab/node/log/%s.log", program->name);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0 && (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0))
        _exit(EXIT_FAILURE);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sched_setscheduler(0, SCHED_OTHER, &ordinary);
    setsid();
    execv(program->path, program->arguments);
    fprintf(stderr, "lab-init: %s: %s\n", program->path, strerror(errno));
    _exit(EXIT_FAILURE);
}

static void start(struct program *program)
{
    program->started = now_ms();
    program->pid = fork();
    if (program->pid == 0)
        become(program);
    if (program->pid < 0) {
        program->pid = 0;
        program->due = now_ms() + RESTART_MS_MAX;
    }
}

static void note_end(pid_t pid)
{
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        struct program *program = &programs[i];

        if (program->pid != pid)
            continue;
        program->pid = 0;
        if (now_ms() - program->started > SETTLED_MS || !program->delay)
            program->delay = RESTART_MS;
        else if (program->delay < RESTART_MS_MAX)
            program->delay *= 2;
        program->due = now_ms() + program->delay + program->pause;
    }
}

/* tools/systemctl says so; it stays over a power cut. */
static bool is_off(const struct program *program)
{
    char path[64];

    snprintf(path, sizeof(path), "/run/lab/node/off/%s", program->name);
    return access(path, F_OK) == 0;
}

/* Nothing is started anew while /run/lab/going is there: a machine that shuts down. */
static _Noreturn void keep_running(void)
{
    static const struct timespec tick = {.tv_nsec = 50 * 1000000};
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (;;) {
        pid_t pid;

        /* Everything that loses its parent is ours to bury. */
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            note_end(pid);
        for (size_t i = 0; i < PROGRAM_COUNT; i++) {
            if (!programs[i].pid && now_ms() >= programs[i].due &&
                access(programs[i].path, X_OK) == 0 && access("/run/lab/going", F_OK) != 0 &&
                !is_off(&programs[i]))
                start(&programs[i]);
        }
        sigtimedwait(&child, NULL, &tick);
    }
}

int main(int argc, char **argv)
{
    int n_nodes;

    if (argc != 6) {
        fputs("usage: lab-init NAME NUMBER LAB BIN SOURCE\n", stderr);
        return EXIT_FAILURE;
    }
    name = argv[1];
    number = argv[2];
    umask(022);
    if (sethostname(name, strlen(name)) < 0)
        fail("hostname");
    n_nodes = count_nodes(argv[3]);
    mount_all(argv[3], argv[4], argv[5]);
    if (chdir("/") < 0)
        fail("/");
    setenv("PATH",
           "/run/lab/source/tools:/run/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/"
           "sbin:/bin",
           1);
    bring_up_network(n_nodes);
    keep_running();
}
