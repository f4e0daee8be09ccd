/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A witness comes or goes, as one node sees it; see witness.h. */
#include "console/door/witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "console/door/site.h"
#include "ha/base/arena.h"
#include "ha/base/base64.h"
#include "ha/base/id.h"
#include "ha/base/json.h"
#include "ha/base/program.h"
#include "ha/base/text.h"

/* Where the key waits for its certificate; whoever is interrupted goes on with the same one. */
#define FOLDER "/var/lib/tenuto/witness"
#define FILE_BYTES 16384
#define LINE_BYTES 16384
#define PROGRAM_SECONDS 30
/* A key of 2048 bits on a slow machine. */
#define KEY_SECONDS 120
/* What one trial takes at most, and a change of corosync.conf before and after it. */
#define TRIAL_SECONDS 90
#define CLOCK_SECONDS 5
#define ANSWER_WORD "tenuto-witness-1"

struct adding {
    struct site site;
    const char *host, *algorithm;
    char cluster[NODE_NAME_MAX];
    char fell[256];
    long long printed_at;
};

/* ---- files ----------------------------------------------------------------------------------- */

static char *read_file(const char *name, size_t *length, struct err *err)
{
    char *bytes = xcalloc(FILE_BYTES, 1);
    FILE *file = fopen(name, "re");

    *length = file ? fread(bytes, 1, FILE_BYTES - 1, file) : 0;
    if (!file || *length == 0)
        err_set(err, "cannot read %s: %m", name);
    if (file)
        fclose(file);
    if (*length > 0)
        return bytes;
    free(bytes);
    return NULL;
}

static bool write_file(const char *name, const void *bytes, size_t length, struct err *err)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_good = fd >= 0 && write(fd, bytes, length) == (ssize_t)length;

    if (!is_good)
        err_set(err, "cannot write %s: %m", name);
    if (fd >= 0)
        close(fd);
    return is_good;
}

static bool write_letters(const char *name, const char *letters, struct err *err)
{
    size_t length = 0;
    unsigned char *bytes = base64_read(letters, &length);
    bool is_good = bytes && length > 0 && write_file(name, bytes, length, err);

    if (!bytes || length == 0)
        err_set(err, "this is not what the line on the witness prints, or not all of it");
    free(bytes);
    return is_good;
}

static void forget(void)
{
    DIR *list = opendir(FOLDER);
    const struct dirent *entry;

    while (list && (entry = readdir(list)))
        unlinkat(dirfd(list), entry->d_name, 0);
    if (list)
        closedir(list);
    rmdir(FOLDER);
}

/* ---- the request ----------------------------------------------------------------------------- */

static bool make_key(const struct adding *adding, struct err *err)
{
    char subject[NODE_NAME_MAX + 4];
    unsigned char noise[64];
    const char *const begin[] = {"certutil", "-N", "-d", FOLDER, "-f", FOLDER "/pwdfile.txt", NULL};
    const char *const request[] = {"certutil", "-R",
                                   "-s",       subject,
                                   "-o",       FOLDER "/request.new",
                                   "-d",       FOLDER,
                                   "-f",       FOLDER "/pwdfile.txt",
                                   "-z",       FOLDER "/noise",
                                   NULL};

    snprintf(subject, sizeof(subject), "CN=%s", adding->cluster);
    forget();
    if (mkdir(FOLDER, 0700) < 0)
        return err_set(err, "cannot make " FOLDER ": %m");
    if (getrandom(noise, sizeof(noise), 0) != (ssize_t)sizeof(noise))
        return err_set(err, "no random numbers for a key: %m");
    if (!write_file(FOLDER "/pwdfile.txt", "", 0, err) ||
        !write_file(FOLDER "/noise", noise, sizeof(noise), err) ||
        !write_file(FOLDER "/cluster", adding->cluster, strlen(adding->cluster), err) ||
        !program_run(begin, PROGRAM_SECONDS, NULL, err) ||
        !program_run(request, KEY_SECONDS, NULL, err))
        return false;
    unlink(FOLDER "/noise");
    return rename(FOLDER "/request.new", FOLDER "/request") == 0 ||
           err_set(err, "cannot keep the request: %m");
}

static char *request_of(const struct adding *adding, struct err *err)
{
    size_t length = 0;
    char *cluster = read_file(FOLDER "/cluster", &length, NULL), *bytes, *letters = NULL;
    bool is_there =
        cluster && strcmp(cluster, adding->cluster) == 0 && access(FOLDER "/request", R_OK) == 0;

    free(cluster);
    if (!is_there && !make_key(adding, err))
        return NULL;
    bytes = read_file(FOLDER "/request", &length, err);
    if (bytes)
        letters = base64_write(bytes, length);
    free(bytes);
    return letters;
}

static void print_command(struct adding *adding, const char *request)
{
    const char *name = adding->cluster;

    site_tell(adding->site.out,
              "Run this one line as root on %s, where Debian's corosync-qnetd is installed and "
              "runs; then paste here the line that it prints:",
              adding->host);
    fprintf(adding->site.out,
            "\nd=/etc/corosync/qnetd/nssdb; [ -e $d/cert9.db ] || corosync-qnetd-certutil -i >&2; "
            "r=$(mktemp) && echo %s | base64 -d >$r && corosync-qnetd-certutil -s -c $r -n %s >&2 "
            "&& echo " ANSWER_WORD " $(date +%%s) $(corosync-qnetd -v | sed -n "
            "\"s/.*version '\\([0-9.]*\\)'.*/\\1/p\") $(base64 -w0 $d/cluster-%s.crt) "
            "$(certutil -L -d $d -n 'QNet CA' -r | base64 -w0); rm -f $r\n\n",
            request, name, name);
    fflush(adding->site.out);
    adding->printed_at = (long long)time(NULL);
}

/* ---- the answer ------------------------------------------------------------------------------ */

bool witness_read_answer(char *line, struct witness_answer *answer, struct err *err)
{
    char *words[5] = {NULL}, *rest = NULL, *end = NULL;
    int n = 0;

    for (char *at = strtok_r(line, " \t\r\n", &rest); at; at = strtok_r(NULL, " \t\r\n", &rest)) {
        if (n < 5)
            words[n] = at;
        n++;
    }
    if (n == 0)
        return err_set(err, "no answer of the witness was given");
    if (n != 5 || strcmp(words[0], ANSWER_WORD) != 0)
        return err_set(err, "this is not what the line on the witness prints, or not all of it: "
                            "it begins with " ANSWER_WORD " and has five words");
    answer->clock = strtoll(words[1], &end, 10);
    if (*end)
        return err_set(err, "\"%s\" is no time", words[1]);
    answer->version = words[2];
    answer->certificate = words[3];
    answer->authority = words[4];
    return true;
}

bool witness_answer_is_good(const struct witness_answer *answer, long long from, long long to,
                            struct err *err)
{
    if (strtol(answer->version, NULL, 10) < 3)
        return err_set(err, "corosync-qnetd %s of the witness is older than 3, which this needs",
                       answer->version);
    if (answer->clock < from - CLOCK_SECONDS)
        return err_set(err,
                       "the clock of the witness is %lld s behind, or this is an earlier answer: "
                       "set it right, and run the line again",
                       from - answer->clock);
    if (answer->clock > to + CLOCK_SECONDS)
        return err_set(err,
                       "the clock of the witness is %lld s ahead: set it right, and run the line "
                       "again",
                       answer->clock - to);
    return true;
}

/* At a terminal the kernel gives a line as it is typed; some 1,900 letters of its 4,095. */
static char *hear(struct err *err)
{
    char *line = xcalloc(LINE_BYTES, 1);
    size_t length = 0;

    while (length + 1 < LINE_BYTES) {
        ssize_t got = read(STDIN_FILENO, line + length, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || (line[length] == '\n' && length > 0))
            break;
        if (line[length] != '\n')
            length++;
    }
    line[length] = '\0';
    if (length > 0)
        return line;
    free(line);
    err_set(err, "no answer of the witness was given; the same command asks for it again");
    return NULL;
}

static bool import(const struct witness_answer *answer, struct err *err)
{
    const char *const trust[] = {"certutil", "-A",         "-d",      FOLDER, "-t",
                                 "CT,c,c",   "-n",         "QNet CA", "-f",   FOLDER "/pwdfile.txt",
                                 "-i",       FOLDER "/ca", NULL};
    const char *const own[] = {"certutil", "-A",
                               "-d",       FOLDER,
                               "-t",       "u,u,u",
                               "-n",       "Cluster Cert",
                               "-f",       FOLDER "/pwdfile.txt",
                               "-i",       FOLDER "/cert",
                               NULL};
    const char *const check[] = {"certutil", "-V",
                                 "-d",       FOLDER,
                                 "-n",       "Cluster Cert",
                                 "-u",       "C",
                                 "-f",       FOLDER "/pwdfile.txt",
                                 NULL};
    const char *const key[] = {"pk12util",     "-o", FOLDER "/p12",         "-d", FOLDER, "-n",
                               "Cluster Cert", "-k", FOLDER "/pwdfile.txt", "-W", "",     NULL};

    unlink(FOLDER "/p12");
    if (!write_letters(FOLDER "/cert", answer->certificate, err) ||
        !write_letters(FOLDER "/ca", answer->authority, err))
        return false;
    if (program_run(trust, PROGRAM_SECONDS, NULL, err) &&
        program_run(own, PROGRAM_SECONDS, NULL, err) &&
        program_run(check, PROGRAM_SECONDS, NULL, err) &&
        program_run(key, PROGRAM_SECONDS, NULL, err))
        return true;
    return err_in(err, "the certificate that the witness gave is not good for our key");
}

static char *bundle_of(const struct adding *adding, const struct witness_answer *answer,
                       struct err *err)
{
    size_t length = 0;
    char *bytes = read_file(FOLDER "/p12", &length, err), *letters, *text;
    autojson *bundle = NULL;

    if (!bytes)
        return NULL;
    letters = base64_write(bytes, length);
    bundle =
        json_pack("{s:s,s:s,s:s}", "host", adding->host, "ca", answer->authority, "p12", letters);
    text = json_write(bundle);
    free(bytes);
    free(letters);
    return text;
}

/* ---- the transaction ------------------------------------------------------------------------- */

static bool admit(const struct adding *adding, const char *bundle, struct err *err)
{
    autojson *answer = NULL;
    json_t *request = json_pack("{s:s,s:[s],s:s,s:b}", "verb", "witness admit", "args",
                                adding->host, "bundle", bundle, "dry", (int)!bundle[0]);

    if (adding->algorithm)
        json_array_append_new(json_object_get(request, "args"), json_string(adding->algorithm));
    return site_ask(&adding->site, request, &answer, err);
}

/* The trial is over, and corosync.conf at rest: with the witness, or again without. */
static bool is_over(void *context, const json_t *status, const json_t *nodes)
{
    struct adding *adding = context;
    const json_t *witness = json_object_get(status, "witness");
    const char *state = json_text(witness, "state", "");

    (void)nodes;
    text_copy(adding->fell, sizeof(adding->fell), json_text(witness, "fell", ""));
    return strcmp(json_text(json_object_get(status, "corosync"), "state", ""), "agreed") == 0 &&
           (strcmp(state, "votes") == 0 || (adding->fell[0] && strcmp(state, "") == 0));
}

static bool find_cluster(struct adding *adding, struct err *err)
{
    autojson *status = site_rows(&adding->site, "cluster status", err);
    const char *name =
        json_text(json_object_get(json_array_get(status, 0), "corosync"), "cluster", "");

    if (!status)
        return false;
    if (!node_name_is_valid(name) || !text_copy(adding->cluster, sizeof(adding->cluster), name))
        return err_set(err, "corosync.conf is not written from the policy here: run \"tenuto "
                            "cluster adopt\" first");
    return true;
}

static bool get_certificates(struct adding *adding, char **bundle, struct err *err)
{
    struct witness_answer answer = {0};
    char *request = request_of(adding, err), *line = NULL;
    bool is_good;

    if (!request)
        return false;
    print_command(adding, request);
    free(request);
    line = hear(err);
    is_good = line && witness_read_answer(line, &answer, err) &&
              witness_answer_is_good(&answer, adding->printed_at, (long long)time(NULL), err) &&
              import(&answer, err) && (*bundle = bundle_of(adding, &answer, err));
    free(line);
    if (is_good)
        site_ok(&adding->site, "the witness knows this cluster, and its clock is right");
    return is_good;
}

static bool add(struct adding *adding, struct err *err)
{
    char *bundle = NULL;
    bool is_good;

    if (geteuid() != 0)
        return err_set(err, "this needs root: use sudo");
    if (!find_cluster(adding, err) || !admit(adding, "", err))
        return false;
    site_ok(&adding->site, "every node is here, and the policy can take the witness %s",
            adding->host);
    is_good = get_certificates(adding, &bundle, err) && admit(adding, bundle, err);
    free(bundle);
    if (!is_good)
        return false;
    forget();
    site_ok(&adding->site, "the policy has it; each node writes certificates and corosync.conf");
    if (!site_wait(&adding->site, TRIAL_SECONDS, "a witness that votes on every node", is_over,
                   adding, err))
        return false;
    return !adding->fell[0] ||
           err_set(err, "the witness was taken back, all is as before: %s", adding->fell);
}

static struct site site_of(const struct settings *settings, struct output *output)
{
    /* What reads JSON is told the end; the steps are for people. */
    return (struct site){.settings = settings,
                         .out = output->maker == &output_json ? output->err : output->out};
}

static int end(struct output *output, bool is_good, const struct err *err, const char *words)
{
    autojson *done = json_pack("{s:b,s:s}", "done", true, "words", words);

    if (!is_good)
        return output_error(output, CONTROL_EXIT_FAILED, err->text, NULL);
    output_done(output, done);
    return CONTROL_EXIT_OK;
}

int witness_add(const struct command *command, const struct settings *settings,
                struct output *output)
{
    struct adding adding = {.site = site_of(settings, output),
                            .host = command_argument(command, 0),
                            .algorithm = command_argument(command, 1)};
    struct err err = {{0}};
    bool is_good = add(&adding, &err);

    fflush(adding.site.out);
    return end(output, is_good, &err, "the witness votes on every node");
}

/* ---- remove ---------------------------------------------------------------------------------- */

static bool is_gone(void *context, const json_t *status, const json_t *nodes)
{
    const json_t *corosync = json_object_get(status, "corosync");

    (void)context;
    (void)nodes;
    return json_is_null(json_object_get(status, "witness")) &&
           strcmp(json_text(corosync, "state", ""), "agreed") == 0;
}

int witness_remove(const struct command *command, const struct settings *settings,
                   struct output *output)
{
    struct site site = site_of(settings, output);
    autojson *answer = NULL;
    struct err err = {{0}};
    bool is_good;

    (void)command;
    is_good =
        site_ask(&site, json_pack("{s:s,s:[]}", "verb", "witness dismiss", "args"), &answer, &err);
    if (is_good) {
        site_ok(&site, "the policy has no witness any more; corosync follows");
        is_good =
            site_wait(&site, TRIAL_SECONDS, "a corosync without the witness", is_gone, NULL, &err);
    }
    fflush(site.out);
    return end(output, is_good, &err, "the witness has no vote any more, on no node");
}
