/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agent, the files and the programs of this node; see site.h. */
#include "console/door/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console/client.h"
#include "console/door/words.h"
#include "console/width.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

#define POLL_MS 200
/* An err's words, and a few of ours. */
#define LINE_BYTES 1024

static void tell(FILE *out, const char *first, const char *format, va_list args)
{
    char words[LINE_BYTES];

    vsnprintf(words, sizeof(words), format, args);
    fputs(first, out);
    width_write(out, words, 0);
    fputc('\n', out);
    fflush(out);
}

void site_tell(FILE *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(out, "", format, args);
    va_end(args);
}

void site_ok(const struct site *site, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(site->out, "ok      ", format, args);
    va_end(args);
}

void site_failed(const struct site *site, const struct err *err)
{
    site_tell(site->out, "FAILED  %s", err->text);
}

/* ---- the agent ------------------------------------------------------------------------------- */

static bool take_answer(struct client *client, json_t **row, json_t *rows, struct err *err)
{
    for (;;) {
        autojson *message = NULL;

        if (client_next(client, CLIENT_SILENCE_MS, &message, err) != CLIENT_MESSAGE)
            return err->text[0] ? false : err_set(err, "the agent does not answer");
        if (json_object_get(message, "row")) {
            json_decref(*row);
            *row = json_incref(json_object_get(message, "row"));
            if (rows)
                json_array_append(rows, *row);
            continue;
        }
        /* What was only tried, and would be done, ends with code 0. */
        if (json_object_get(message, "error") && json_int(message, "code", 1) != 0)
            return err_set(err, "%s", json_text(message, "error", "refused"));
        if (!*row)
            *row = json_incref(message);
        return true;
    }
}

static bool ask(const struct site *site, json_t *request, json_t **row, json_t *rows,
                struct err *err)
{
    enum control_exit why;
    struct client *client = client_open(site->settings->socket, CLIENT_SILENCE_MS, &why, err);
    bool is_good;

    *row = NULL;
    if (!client)
        return err_in(err, "this node's agent");
    is_good = client_send(client, request, err) && take_answer(client, row, rows, err);
    client_close(client);
    return is_good;
}

bool site_ask(const struct site *site, json_t *request, json_t **row, struct err *err)
{
    bool is_good = ask(site, request, row, NULL, err);

    json_decref(request);
    return is_good;
}

json_t *site_rows(const struct site *site, const char *verb, struct err *err)
{
    autojson *request = json_pack("{s:s,s:[]}", "verb", verb, "args");
    autojson *row = NULL;
    json_t *rows = json_array();

    if (ask(site, request, &row, rows, err))
        return rows;
    json_decref(rows);
    return NULL;
}

const json_t *site_row_of(const json_t *nodes, const char *name)
{
    json_t *row;
    size_t i;

    json_array_foreach((json_t *)nodes, i, row)
    {
        if (strcmp(json_text(row, "node", ""), name) == 0)
            return row;
    }
    return NULL;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool site_wait(const struct site *site, int seconds, const char *words,
               bool (*check)(void *context, const json_t *status, const json_t *nodes),
               void *context, struct err *err)
{
    int64_t end = now_ms() + seconds * 1000;
    char last[256] = "";

    do {
        struct err problem = {{0}};
        autojson *status = site_rows(site, "cluster status", &problem);
        autojson *nodes = status ? site_rows(site, "cluster nodes", &problem) : NULL;
        const json_t *row = json_array_get(status, 0);

        if (nodes && check(context, row, nodes))
            return true;
        text_copy(last, sizeof(last),
                  problem.text[0] ? problem.text
                                  : json_text(json_object_get(row, "corosync"), "words", ""));
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    } while (now_ms() < end);
    return err_set(err, "not within %d s: %s%s%s", seconds, words, last[0] ? "; " : "", last);
}

/* ---- versions -------------------------------------------------------------------------------- */

bool site_versions(const struct site *site, struct versions *versions, struct err *err)
{
    autojson *status = site_rows(site, "cluster status", err);
    const json_t *protocol = json_object_get(json_array_get(status, 0), "protocol");
    char words[256] = "";
    FILE *pipe;

    memset(versions, 0, sizeof(*versions));
    if (!status)
        return false;
    /* An agent that does not say it was started before this program was installed. */
    versions->major = protocol ? (int)json_integer_value(json_array_get(protocol, 0)) : 1;
    versions->minor = (int)json_integer_value(json_array_get(protocol, 1));
    pipe = popen("corosync -v 2>/dev/null", "re");
    if (pipe && !fgets(words, sizeof(words), pipe))
        words[0] = '\0';
    if (pipe)
        pclose(pipe);
    return words_corosync_version(words, versions->corosync, sizeof(versions->corosync)) ||
           err_set(err, "\"corosync -v\" says no version: install corosync on this node");
}

/* ---- addresses ------------------------------------------------------------------------------- */

static bool is_on_interface(const struct ifaddrs *list, const char *address)
{
    unsigned char wanted[16];
    int family = strchr(address, ':') ? AF_INET6 : AF_INET;

    if (inet_pton(family, address, wanted) != 1)
        return false;
    for (; list; list = list->ifa_next) {
        char text[INET6_ADDRSTRLEN] = "";
        unsigned char bytes[16];
        const void *at;

        if (!list->ifa_addr || list->ifa_addr->sa_family != family)
            continue;
        at = family == AF_INET
                 ? (const void *)&((const struct sockaddr_in *)(const void *)list->ifa_addr)
                       ->sin_addr
                 : (const void *)&((const struct sockaddr_in6 *)(const void *)list->ifa_addr)
                       ->sin6_addr;
        if (inet_ntop(family, at, text, sizeof(text)) && inet_pton(family, text, bytes) == 1 &&
            memcmp(bytes, wanted, family == AF_INET ? 4 : 16) == 0)
            return true;
    }
    return false;
}

const char *site_missing_address(const char *addresses, struct err *err)
{
    static char address[64];
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list) < 0) {
        err_set(err, "cannot look at this node's addresses: %m");
        return "?";
    }
    while (*addresses) {
        size_t length = strcspn(addresses, ",");

        snprintf(address, sizeof(address), "%.*s", (int)length, addresses);
        if (!is_on_interface(list, address)) {
            freeifaddrs(list);
            err_set(err, "address %s is on no interface of this node: bring it up first", address);
            return address;
        }
        addresses += length + (addresses[length] == ',');
    }
    freeifaddrs(list);
    return NULL;
}

/* ---- files and programs ---------------------------------------------------------------------- */

static bool write_new(const char *path, const void *bytes, size_t length, mode_t mode,
                      struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool is_good = fd >= 0 && fchmod(fd, mode) == 0 &&
                   write(fd, bytes, length) == (ssize_t)length && fsync(fd) == 0;

    if (!is_good)
        err_set(err, "cannot write %s: %m", path);
    if (fd >= 0)
        close(fd);
    if (!is_good && fd >= 0)
        unlink(path);
    return is_good;
}

static bool run(char *const *words, struct err *err)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(null, STDIN_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return err_set(err, "cannot run %s: %m", words[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return err_set(err, "\"%s %s %s\" failed", words[0], words[1], words[3] ? words[3] : words[2]);
}

bool site_service(const char *what, const char *name, struct err *err)
{
    bool is_start = strcmp(what, "start") == 0;
    char *const words[] = {"systemctl", is_start ? "enable" : "disable", "--now", (char *)name,
                           NULL};

    return run(words, err);
}

/* It was empty before: what the agent has learnt since is of a cluster that never was. */
static bool forget_store(const struct site *site, struct err *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};

    if (!site->store[0])
        return err_set(err, "the agent does not say where its store is");
    if (!site_service("stop", "tenuto", err))
        return false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[sizeof(site->store) + 8];

        snprintf(path, sizeof(path), "%s%s", site->store, ends[i]);
        unlink(path);
    }
    return site_service("start", "tenuto", err);
}

bool site_install(struct site *site, const void *key, size_t key_length, const char *conf,
                  struct err *err)
{
    if (!write_new(SITE_MARK, "", 0, 0600, err) || !write_new(SITE_KEY, key, key_length, 0400, err))
        return false;
    site->wrote_key = true;
    if (!write_new(SITE_CONF, conf, strlen(conf), 0644, err))
        return false;
    site->wrote_conf = true;
    site_ok(site, "wrote %s and its key", SITE_CONF);
    /*
     * What it went through alone, with no records, is no history: in a ring with others it might
     * count as newer than theirs.
     */
    if (!forget_store(site, err))
        return false;
    site->started = true;
    if (!site_service("start", "corosync", err))
        return false;
    site_ok(site, "started corosync");
    return true;
}

/* Debian's package brings a cluster "debian" of one node on the loopback, and runs it. */
static bool is_default(void)
{
    char text[8192] = "";
    FILE *file = fopen(SITE_CONF, "re");

    if (file && fread(text, 1, sizeof(text) - 1, file) == 0)
        text[0] = '\0';
    if (file)
        fclose(file);
    return strstr(text, "cluster_name: debian") && strstr(text, "ring0_addr: 127.0.0.1");
}

static bool set_default_aside(struct site *site, struct err *err)
{
    autojson *status = NULL;

    if (!is_default())
        return true;
    /* Without an agent nothing will come of it, and then nothing here is to have changed. */
    status = site_rows(site, "cluster status", err);
    if (!status || !site_service("stop", "corosync", err))
        return false;
    if (rename(SITE_CONF, SITE_CONF ".debian") < 0)
        return err_set(err, "cannot set %s aside: %m", SITE_CONF);
    site->set_aside = true;
    site_ok(site, "Debian's own %s is kept as %s.debian", SITE_CONF, SITE_CONF);
    /* Its agent may have been alone with it for a while. */
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    return true;
}

enum site_half site_what_came_of_it(const json_t *status, const json_t *nodes)
{
    const json_t *own = site_row_of(nodes, json_text(status, "node", ""));
    bool has_records = json_is_object(json_object_get(status, "policy")) ||
                       json_int(json_object_get(status, "ledger"), "version", 0) > 0;

    if (json_flag(status, "quorate", false) && json_flag(status, "in_sync", false))
        return SITE_MEMBER;
    if (!has_records)
        return SITE_HALF;
    if (!own)
        return SITE_UNKNOWN;
    return json_int(own, "votes", 1) > 0 ? SITE_MEMBER : SITE_HALF;
}

/*
 * Somebody was killed while this node began or joined. What came of it counts; half of it goes.
 * Which of both it is only the agent knows: without its word no key and no store is removed.
 */
static bool clean_up(struct site *site, struct err *err)
{
    autojson *status = site_rows(site, "cluster status", err), *nodes = NULL;
    enum site_half half;
    const json_t *row = json_array_get(status, 0);
    const char *store = json_text(row, "store", "");

    if (!status)
        return err_in(err,
                      "an earlier try was interrupted here, and how far it came only the agent "
                      "knows: \"systemctl enable --now tenuto\", then try again");
    nodes = site_rows(site, "cluster nodes", err);
    half = nodes ? site_what_came_of_it(row, nodes) : SITE_UNKNOWN;
    if (half == SITE_MEMBER) {
        unlink(SITE_MARK);
        return true;
    }
    if (half == SITE_UNKNOWN)
        return err_set(err, "an earlier try was interrupted here, and whether this node came in "
                            "only corosync knows: \"systemctl start corosync\", then try again");
    text_copy(site->store, sizeof(site->store), store);
    site->wrote_key = site->wrote_conf = site->started = true;
    site_tell(site->out, "before  an earlier try was interrupted here");
    site_undo(site);
    return true;
}

json_t *site_draft(struct site *site, const char *cluster, const char *addresses, struct err *err)
{
    json_t *draft = NULL;

    if (geteuid() != 0) {
        err_set(err, "this needs root: use sudo");
        return NULL;
    }
    if (access(SITE_MARK, F_OK) == 0 && !clean_up(site, err))
        return NULL;
    if (!set_default_aside(site, err))
        return NULL;
    if (access(SITE_CONF, F_OK) == 0 || access(SITE_KEY, F_OK) == 0) {
        err_set(err, "%s is there: this node is in a cluster, or was",
                access(SITE_CONF, F_OK) == 0 ? SITE_CONF : SITE_KEY);
        return NULL;
    }
    if (!site_ask(site,
                  json_pack("{s:s,s:[s,s]}", "verb", "cluster draft", "args", cluster, addresses),
                  &draft, err))
        return NULL;
    if (strcmp(json_text(draft, "corosync", SITE_CONF), SITE_CONF) != 0) {
        err_set(err,
                "this agent's settings name %s, and corosync reads %s: say \"corosync\" in the "
                "agent's settings as it is, or leave it out",
                json_text(draft, "corosync", ""), SITE_CONF);
        json_decref(draft);
        return NULL;
    }
    text_copy(site->store, sizeof(site->store), json_text(draft, "store", ""));
    return draft;
}

void site_undo(struct site *site)
{
    struct err err = {{0}};

    if (site->set_aside && !site->wrote_key && rename(SITE_CONF ".debian", SITE_CONF) == 0)
        site_tell(site->out, "undone  Debian's own %s is back; corosync stays off", SITE_CONF);
    if (!site->started && !site->wrote_conf && !site->wrote_key)
        return;
    if (site->started && !site_service("stop", "corosync", &err))
        site_failed(site, &err);
    if (site->wrote_conf)
        unlink(SITE_CONF);
    if (site->wrote_key)
        unlink(SITE_KEY);
    unlink(SITE_MARK);
    unlink(SITE_CONF ".tenuto-new");
    unlink(SITE_CONF ".tenuto-old");
    if (site->started && !forget_store(site, &err))
        site_failed(site, &err);
    site_tell(site->out, "undone  corosync is stopped, its key and configuration are gone again");
    site->started = site->wrote_conf = site->wrote_key = false;
}

void site_keep(struct site *site)
{
    unlink(SITE_MARK);
    site->wrote_key = site->wrote_conf = site->started = site->set_aside = false;
}
