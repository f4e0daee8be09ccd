/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words about the end of a job; see hands_words.h. */
#include "agentd/hands_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentd/worker_output.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

/* Enough to see what went wrong; the agent's own log has the rest. */
#define LINES_LOGGED 10
#define LINE_BYTES 400

static const char *who(const struct resource *resource)
{
    return resource->agent ? resource->agent : resource->type;
}

/* That the program itself, or the interpreter in its first line, could not be run. */
static void judge_not_run(struct job_end *end, const struct resource *resource, int problem)
{
    const char *agent = who(resource), *node = resource->node;

    end->exit_code = OCF_NOT_INSTALLED;
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
        snprintf(end->words, sizeof(end->words),
                 "agent %s is not installed on %s: install it (package resource-agents?)", agent,
                 node);
        break;
    case EACCES:
        snprintf(end->words, sizeof(end->words), "agent %s is not executable on %s: chmod +x it",
                 agent, node);
        break;
    default:
        /* Too many processes, no memory: another time it may go. */
        if (problem != ENOEXEC && problem != ELOOP)
            end->exit_code = OCF_FAILED;
        snprintf(end->words, sizeof(end->words), "agent %s cannot be executed on %s: %s", agent,
                 node, strerrordesc_np(problem));
    }
}

static void judge_killed(struct job_end *end, const struct resource *resource,
                         const struct worker_end *worker)
{
    const char *job = job_kind_name(end->job.kind);
    struct text text;

    end->exit_code = -1;
    text_init(&text, end->words, sizeof(end->words));
    text_add(&text, "%s ", who(resource));
    if (worker->is_timed_out) {
        text_add(&text, "did not end its %s within ", job);
        text_add_ms(&text, end->job.timeout.ms);
        text_add(&text, " and was killed");
    } else if (worker->signal) {
        const char *name = sigabbrev_np(worker->signal);

        text_add(&text, "died of %s%s during its %s", name ? "SIG" : "a signal", name ? name : "",
                 job);
    } else {
        text_add(&text, "ended its %s and nobody saw how", job);
    }
}

static void judge_exit(struct job_end *end, const struct resource *resource,
                       const struct resource_kind *kind, const struct worker_end *worker)
{
    const char *job = job_kind_name(end->job.kind);
    char reason[EXIT_REASON_MAX];
    struct text text;

    end->exit_code = kind->result(worker->exit_code, worker->output, reason, sizeof(reason));
    text_init(&text, end->words, sizeof(end->words));
    if (end->exit_code == OCF_DONE && worker->exit_code == OCF_DONE)
        return;
    if (end->exit_code == OCF_DONE)
        text_add(&text, "%s says that it is degraded", who(resource));
    else if (end->job.kind == JOB_MONITOR && end->exit_code == OCF_NOT_RUNNING)
        text_add(&text, "%s says that it is not running", who(resource));
    else
        text_add(&text, "%s failed its %s (exit code %d)", who(resource), job, worker->exit_code);
    if (reason[0] != '\0')
        text_add(&text, ": %s", reason);
    else if (end->exit_code != OCF_DONE && end->exit_code != OCF_NOT_RUNNING)
        text_add(&text, " without a word why");
}

void hands_judge(struct job_end *end, const struct resource *resource,
                 const struct resource_kind *kind, const struct worker_end *worker)
{
    if (worker->exec_error)
        judge_not_run(end, resource, worker->exec_error);
    else if (worker->exit_code < 0)
        judge_killed(end, resource, worker);
    else
        judge_exit(end, resource, kind, worker);
    /* A cut may have gone through a character. */
    resource_clean_words(end->words);
}

void hands_log_output(const struct resource *resource, enum job_kind job, const char *output)
{
    const char *at = output + strlen(output);
    int n = 0;

    while (at > output && n < LINES_LOGGED) {
        at--;
        if (at == output || at[-1] == '\n')
            n++;
    }
    while (*at) {
        size_t length = strcspn(at, "\n");
        char line[LINE_BYTES];

        snprintf(line, sizeof(line), "%.*s", (int)(length < LINE_BYTES ? length : LINE_BYTES), at);
        resource_clean_words(line);
        if (line[0] != '\0')
            log_info("%s: %s, %s: %s", resource->name, who(resource), job_kind_name(job), line);
        at += length + (at[length] == '\n');
    }
}
