/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cluster as crm_simulate reads it: what is wanted, and a history in which everything runs. */
#include "tests/bench/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody waits longer for it. */
#define PEER_SECONDS_MAX 120

const char *peer_find(void)
{
    static const char *const paths[] = {"/usr/sbin/crm_simulate", "/usr/bin/crm_simulate"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    }
    return NULL;
}

static void write_configuration(FILE *file, const struct policy *policy)
{
    fputs("<configuration><crm_config><cluster_property_set id=\"o\">"
          "<nvpair id=\"o1\" name=\"stonith-enabled\" value=\"false\"/>"
          "<nvpair id=\"o2\" name=\"no-quorum-policy\" value=\"stop\"/>"
          "</cluster_property_set></crm_config>"
          "<rsc_defaults><meta_attributes id=\"d\">"
          "<nvpair id=\"d1\" name=\"resource-stickiness\" value=\"1\"/>"
          "</meta_attributes></rsc_defaults><nodes>\n",
          file);
    for (node_id id = 0; id < policy->n_nodes; id++)
        fprintf(file, "<node id=\"%d\" uname=\"%s\"/>\n", id + 1, policy->nodes[id].name);
    fputs("</nodes><resources>\n", file);
    for (service_id id = 0; id < policy->n_services; id++)
        fprintf(file,
                "<primitive id=\"s%d\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">"
                "<operations><op id=\"s%d-m\" name=\"monitor\" interval=\"10s\" timeout=\"20s\"/>"
                "</operations></primitive>\n",
                id, id);
    fputs("</resources><constraints/></configuration>\n", file);
}

static void write_operation(FILE *file, service_id id, const char *name, int interval_ms, int code)
{
    static const char uuid[] = "00000000-0000-0000-0000-000000000000";

    fprintf(file,
            "<lrm_rsc_op id=\"s%d_%s_%d\" operation_key=\"s%d_%s_%d\" operation=\"%s\""
            " crm-debug-origin=\"bench\" crm_feature_set=\"3.16.2\""
            " transition-key=\"1:1:%d:%s\" transition-magic=\"0:%d;1:1:%d:%s\" call-id=\"%d\""
            " rc-code=\"%d\" op-status=\"0\" interval=\"%d\" exit-reason=\"\""
            " op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>",
            id, name, interval_ms, id, name, interval_ms, name, code, uuid, code, code, uuid,
            interval_ms ? 2 : 1, code, interval_ms);
}

/* It has looked for each service on each node when it began, and remembers. */
static void write_history(FILE *file, const struct problem *problem, node_id node)
{
    fprintf(file, "<lrm id=\"%d\"><lrm_resources>\n", node + 1);
    for (service_id id = 0; id < problem->policy.n_services; id++) {
        fprintf(file,
                "<lrm_resource id=\"s%d\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">",
                id);
        if (problem->state.services[id].node == node) {
            write_operation(file, id, "start", 0, 0);
            write_operation(file, id, "monitor", 10000, 0);
        } else {
            write_operation(file, id, "monitor", 0, 7);
        }
        fputs("</lrm_resource>\n", file);
    }
    fputs("</lrm_resources></lrm>", file);
}

static void write_problem(FILE *file, const struct problem *problem, node_id dead)
{
    const struct policy *policy = &problem->policy;

    fputs("<cib crm_feature_set=\"3.16.2\" validate-with=\"pacemaker-3.0\" epoch=\"1\""
          " num_updates=\"1\" admin_epoch=\"0\" have-quorum=\"1\" dc-uuid=\"1\">\n",
          file);
    write_configuration(file, policy);
    fputs("<status>\n", file);
    for (node_id id = 0; id < policy->n_nodes; id++) {
        bool is_dead = id == dead;

        fprintf(file,
                "<node_state id=\"%d\" uname=\"%s\" in_ccm=\"%s\" crmd=\"%s\" join=\"%s\""
                " expected=\"%s\" crm-debug-origin=\"bench\">",
                id + 1, policy->nodes[id].name, is_dead ? "false" : "true",
                is_dead ? "offline" : "online", is_dead ? "down" : "member",
                is_dead ? "down" : "member");
        if (!is_dead)
            write_history(file, problem, id);
        fputs("</node_state>\n", file);
    }
    fputs("</status></cib>\n", file);
}

/* Becomes the program; what it decides goes into the file. */
static void become(const char *peer, const char *problem, int decisions)
{
    struct rlimit limit = {.rlim_cur = PEER_SECONDS_MAX, .rlim_max = PEER_SECONDS_MAX};

    setrlimit(RLIMIT_CPU, &limit);
    dup2(decisions, STDOUT_FILENO);
    dup2(decisions, STDERR_FILENO);
    execl(peer, peer, "--run", "--xml-file", problem, (char *)NULL);
    _exit(127);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int count_starts(FILE *decisions)
{
    char line[512];
    int count = 0;

    rewind(decisions);
    while (fgets(line, sizeof(line), decisions))
        count += strstr(line, "* Start ") != NULL;
    return count;
}

static struct peer_result run(const char *peer, const char *path, FILE *decisions)
{
    struct peer_result result = {0};
    struct rusage usage;
    int status;
    pid_t child = fork();

    if (child == 0)
        become(peer, path, fileno(decisions));
    if (child > 0 && wait4(child, &status, 0, &usage) == child) {
        result.is_done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        result.seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
        result.peak_kib = usage.ru_maxrss;
        result.n_starts = count_starts(decisions);
    }
    return result;
}

struct peer_result peer_run(const char *peer, const struct problem *problem, node_id dead)
{
    struct peer_result result = {0};
    char path[] = "/tmp/tenuto-bench-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    FILE *decisions = tmpfile();

    if (file && decisions) {
        write_problem(file, problem, dead);
        fflush(file);
        result = run(peer, path, decisions);
    }
    if (file) {
        fclose(file);
        unlink(path);
    }
    if (decisions)
        fclose(decisions);
    return result;
}
