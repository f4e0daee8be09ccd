/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sentences for events, decisions and the state of the cluster; see story.h. */
#include "console/story.h"

#include <string.h>

#include "console/when.h"
#include "console/width.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* The label of a line in a block. */
#define LABEL_COLUMNS 11

static bool is_given(const char *text)
{
    return text && text[0] != '\0';
}

const char *story_node_state(const char *state)
{
    return state && strcmp(state, "fence") == 0 ? "proven off" : state;
}

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* That it runs is a decision of its own; before it, a started service is one that starts. */
static bool runs_now(const json_t *row)
{
    return is_word(json_text(row, "code", NULL), "RUNS_NOW");
}

static const char *state_before(const json_t *row)
{
    const char *from = json_text(row, "from", NULL);

    return is_word(from, "started") && runs_now(row) ? "starting" : from;
}

static const char *state_after(const json_t *row)
{
    const char *to = json_text(row, "to", NULL);

    return is_word(to, "started") && is_given(json_text(row, "code", NULL)) && !runs_now(row)
               ? "starting"
               : to;
}

static bool is_request(const json_t *event)
{
    return is_word(json_text(event, "kind", NULL), "request");
}

/* "jin (root, from 10.0.0.9) on alpha: ha stop ocf:web", as much of it as there is to say. */
static void request_head(char *words, size_t size, const json_t *event)
{
    const char *who = json_text(event, "who", "?"), *user = json_text(event, "user", "");
    const char *from = json_text(event, "from", NULL), *ssh = json_text(event, "ssh", NULL);
    struct text text;

    text_init(&text, words, size);
    text_add(&text, "%s", who);
    if (strcmp(who, user) != 0)
        text_add(&text, " (%s)", user);
    if (from)
        text_add(&text, " from %s", from);
    else if (ssh)
        text_add(&text, " says from %.*s", (int)strcspn(ssh, " "), ssh);
    text_add(&text, " on %s: %s", json_text(event, "node", "?"), json_text(event, "subject", ""));
    if (json_int(event, "unkept", 0) > 0)
        text_add(&text, " (and %lld others that were refused there)",
                 (long long)json_int(event, "unkept", 0));
}

static void request_words(char *words, size_t size, const json_t *event)
{
    const char *outcome = json_text(event, "outcome", ""), *why = json_text(event, "why", NULL);
    struct text text;

    request_head(words, size, event);
    text_init(&text, words + strlen(words), size - strlen(words));
    text_add(&text, ", %s%s%s", is_word(outcome, "unanswered") ? "no answer known" : outcome,
             is_given(why) ? ": " : "", is_given(why) ? why : "");
}

void story_head(char *words, size_t size, const json_t *event)
{
    const char *kind = json_text(event, "kind", "service"),
               *subject = json_text(event, "subject", "");
    const char *node = json_text(event, "node", NULL);
    const char *from = state_before(event), *to = state_after(event);
    struct text text;

    if (is_request(event)) {
        request_head(words, size, event);
        return;
    }
    if (strcmp(kind, "node") == 0) {
        from = story_node_state(from);
        to = story_node_state(to);
    }
    text_init(&text, words, size);
    if (strcmp(kind, "service") != 0 && strncmp(subject, kind, strlen(kind)) != 0)
        text_add(&text, "%s%s", kind, is_given(subject) ? " " : "");
    text_add(&text, "%s", subject);
    if (is_given(from) && is_given(to))
        text_add(&text, " %s -> %s", from, to);
    else if (is_given(to))
        text_add(&text, " %s", to);
    if (is_given(node) && strcmp(node, subject) != 0 && strcmp(kind, "node") != 0)
        text_add(&text, " on %s", node);
}

void story_event(char *words, size_t size, const json_t *event)
{
    const char *why = json_text(event, "why", NULL);

    if (is_request(event)) {
        request_words(words, size, event);
        return;
    }
    story_head(words, size, event);
    if (is_given(why))
        snprintf(words + strlen(words), size - strlen(words), ": %s", why);
}

void story_event_line(FILE *out, const json_t *event, int64_t now_ms, bool in_colour)
{
    int64_t version = json_int(event, "version", 0);
    struct when when;
    char words[1024];

    story_event(words, sizeof(words), event);
    fprintf(out, "%s  ", when_clock(&when, json_int(event, "at", 0), now_ms));
    width_write(out, words, 0);
    if (version > 0)
        fprintf(out, "  %sv%lld%s", in_colour ? "\033[2m" : "", (long long)version,
                in_colour ? "\033[0m" : "");
    fputc('\n', out);
}

static void begin_line(FILE *out, const char *label)
{
    fprintf(out, "%-*s", LABEL_COLUMNS, label);
}

static void write_policy(FILE *out, const json_t *status, int64_t now_ms)
{
    const json_t *policy = json_object_get(status, "policy");
    int64_t beyond = json_int(policy, "beyond", 0);
    struct when when;

    begin_line(out, "policy");
    if (beyond > 0) {
        fprintf(out,
                "version %lld, which this node cannot read, so it takes no part: install the"
                " release that the others have\n",
                (long long)beyond);
        return;
    }
    if (!json_is_object(policy)) {
        fputs("none yet; \"tenuto policy push FILE\" puts one into force\n", out);
        return;
    }
    fprintf(out, "version %lld by ", (long long)json_int(policy, "version", 0));
    width_write(out, json_text(policy, "author", "?"), 0);
    if (json_int(policy, "at", 0) > 0)
        fprintf(out, ", %s", when_ago(&when, json_int(policy, "at", 0), now_ms));
    fputs(json_flag(status, "current", true) ? "\n" : "; there may be a newer one by now\n", out);
}

void story_confirm(FILE *out, const json_t *confirm, int64_t now_ms)
{
    int64_t left_ms = json_int(confirm, "until", 0) - now_ms;
    struct when when;

    fprintf(out, "version %lld comes back in %s, unless somebody confirms: tenuto policy confirm\n",
            (long long)json_int(confirm, "back", 0), when_span(&when, left_ms > 0 ? left_ms : 0));
}

/* Rare, and then somebody has to know: what was decided here is not in force. */
static void write_branches(FILE *out, const json_t *branches, int64_t now_ms)
{
    const char *name = "branches";
    struct when when;
    json_t *branch, *policies;
    size_t i;

    json_array_foreach(branches, i, branch)
    {
        int64_t ago_ms = now_ms - json_int(branch, "at", 0);

        begin_line(out, name);
        fprintf(out, "versions %lld to %lld were in force here; %s ago the others went on without",
                (long long)json_int(branch, "first", 0), (long long)json_int(branch, "last", 0),
                when_span(&when, ago_ms > 0 ? ago_ms : 0));
        policies = json_object_get(branch, "policies");
        if (json_array_size(policies) > 0)
            fprintf(out,
                    ". Not in force any more: tenuto policy diff %lld@branch; push what is still "
                    "wanted",
                    (long long)json_integer_value(
                        json_array_get(policies, json_array_size(policies) - 1)));
        else
            fputs(". Look whether services run where you want them", out);
        fputc('\n', out);
        name = "";
    }
}

/* "token 1s, beat 500ms, ..." and what follows from them. */
static void write_times(FILE *out, const json_t *timing)
{
    static const char *const names[][2] = {
        {"token", "token_ms"},       {"beat", "beat_ms"},           {"lease", "lease_ms"},
        {"watchdog", "watchdog_ms"}, {"allowance", "allowance_ms"},
    };
    const char *comma = "";
    struct when when;

    if (!json_is_object(timing))
        return;
    begin_line(out, "times");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int64_t ms = json_int(timing, names[i][1], -1);

        if (ms < 0)
            continue;
        fprintf(out, "%s%s %s", comma, names[i][0], when_exact(&when, ms));
        comma = ", ";
    }
    fputc('\n', out);
    if (json_int(timing, "recovery_wait_ms", -1) < 0)
        return;
    begin_line(out, "");
    fprintf(out, "%s after its last beat a lost node is proven off\n",
            when_exact(&when, json_int(timing, "recovery_wait_ms", 0)));
}

/* Whether this node is guarded by a watchdog, and what that means for its services. */
static void write_keeper(FILE *out, const json_t *status)
{
    const char *keeper = json_text(status, "keeper", "away");
    int64_t lease_ms = json_int(status, "lease_ms", -1);
    struct when when;

    begin_line(out, "keeper");
    if (strcmp(keeper, "disarmed") == 0)
        fputs("not armed: nothing here to guard", out);
    else if (strcmp(keeper, "away") == 0)
        fputs("no keeper: nothing can start here", out);
    else if (strcmp(keeper, "condemned") == 0)
        fputs("about to reset", out);
    else
        fputs(keeper, out);
    if (strcmp(keeper, "armed") == 0 && lease_ms >= 0)
        fprintf(out, ", the lease ends in %s", when_span(&when, lease_ms));
    fputc('\n', out);
}

/* Nothing is said while all is as it should be. */
static void write_arming(FILE *out, const json_t *arming, int64_t now_ms)
{
    const char *state = json_text(arming, "state", "armed");
    int64_t until = json_int(arming, "until", 0);
    struct when when;

    if (strcmp(state, "armed") == 0)
        return;
    begin_line(out, "ha");
    fprintf(out, "%s: services are %s; ", strcmp(state, "disarmed") == 0 ? "DISARMED" : state,
            json_flag(arming, "ignores", false) ? "ignored" : "frozen");
    if (until > now_ms)
        fprintf(out, "armed again by itself in %s\n", when_span(&when, until - now_ms));
    else if (until > 0)
        fputs("armed again as soon as every node has let go and told what it runs\n", out);
    else
        fputs("until: tenuto ha arm\n", out);
}

/* Only where it is written from the policy. */
static void write_corosync(FILE *out, const json_t *corosync)
{
    const char *words = json_text(corosync, "words", "");

    if (!json_is_object(corosync))
        return;
    begin_line(out, "corosync");
    fprintf(out, "version %lld%s", (long long)json_int(corosync, "version", 0),
            words[0] ? "; " : ", as the policy says");
    width_write(out, words, 0);
    fputc('\n', out);
}

/* Where its votes do not count, and why not. */
static void write_witness_nodes(FILE *out, const json_t *nodes)
{
    bool is_everywhere = true;
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)nodes, i, each)
    {
        const char *state = json_text(each, "state", "?");

        if (strcmp(state, "votes") == 0)
            continue;
        fprintf(out, "%s %s: %s", is_everywhere ? ";" : ",", json_text(each, "node", "?"),
                strcmp(state, "connected") == 0 ? "connected, and it votes for others" : state);
        is_everywhere = false;
    }
    if (is_everywhere)
        fputs(", connected and counted on every node", out);
}

static void write_witness(FILE *out, const json_t *witness)
{
    const char *host = json_text(witness, "host", ""), *fell = json_text(witness, "fell", "");
    const char *state = json_text(witness, "state", "");
    long long votes = (long long)json_int(witness, "votes", 0);

    if (!json_is_object(witness))
        return;
    begin_line(out, "witness");
    width_write(out, host[0] ? host : "none", 0);
    if (votes > 0) {
        fprintf(out, ", %s, %lld vote%s", json_text(witness, "algorithm", "?"), votes,
                votes == 1 ? "" : "s");
        write_witness_nodes(out, json_object_get(witness, "nodes"));
    }
    if (state[0] && strcmp(state, "votes") != 0)
        fprintf(out, "; %s", state);
    if (fell[0]) {
        fputs("; the last one was taken back: ", out);
        width_write(out, fell, 0);
    }
    fputc('\n', out);
}

static void write_reason(FILE *out, const json_t *status)
{
    const char *reason = json_text(status, "reason", NULL);

    if (is_given(reason)) {
        fputs(": ", out);
        width_write(out, reason, 0);
    }
    fputc('\n', out);
}

void story_forced(FILE *out, const json_t *forced, int64_t now_ms)
{
    struct when when;
    json_t *name;
    size_t i;

    fprintf(out, "FORCED by the word of %s until %s: %lld votes expected, and these are off:",
            json_text(forced, "by", "?"), when_clock(&when, json_int(forced, "until", 0), now_ms),
            (long long)json_int(forced, "expected", 0));
    json_array_foreach(json_object_get(forced, "off"), i, name)
    {
        fputc(' ', out);
        width_write(out, json_string_value(name), 0);
    }
    fputc('\n', out);
}

void story_status(FILE *out, const json_t *status, int64_t now_ms)
{
    const json_t *ledger = json_object_get(status, "ledger");
    const char *name = json_text(status, "cluster", NULL);
    bool is_quorate = json_flag(status, "quorate", false);

    begin_line(out, "cluster");
    width_write(out, is_given(name) ? name : "without a name yet", 0);
    fprintf(out, ", seen from %s\n", json_text(status, "node", "?"));
    begin_line(out, "quorum");
    fprintf(out, "%s, %lld of %lld votes, %lld needed", is_quorate ? "yes" : "NO",
            (long long)json_int(status, "votes", 0), (long long)json_int(status, "expected", 0),
            (long long)json_int(status, "quorum", 0));
    if (is_quorate)
        fputc('\n', out);
    else
        write_reason(out, status);
    if (json_is_object(json_object_get(status, "forced"))) {
        begin_line(out, "");
        story_forced(out, json_object_get(status, "forced"), now_ms);
    }
    begin_line(out, "leader");
    fprintf(out, "%s\n", json_text(status, "leader", "none"));
    begin_line(out, "state");
    fputs(json_flag(status, "in_sync", false) ? "in sync" : "NOT in sync", out);
    if (json_is_object(ledger))
        fprintf(out, ", version %lld of epoch %s", (long long)json_int(ledger, "version", 0),
                json_text(ledger, "epoch", "?"));
    if (is_quorate && !json_flag(status, "in_sync", false))
        write_reason(out, status);
    else
        fputc('\n', out);
    write_arming(out, json_object_get(status, "arming"), now_ms);
    write_policy(out, status, now_ms);
    if (json_is_object(json_object_get(status, "confirm"))) {
        begin_line(out, "");
        story_confirm(out, json_object_get(status, "confirm"), now_ms);
    }
    write_branches(out, json_object_get(status, "branches"), now_ms);
    write_corosync(out, json_object_get(status, "corosync"));
    write_witness(out, json_object_get(status, "witness"));
    write_keeper(out, status);
    write_times(out, json_object_get(status, "timing"));
}

void story_diagnostic(FILE *out, const json_t *diagnostic)
{
    const char *hint = json_text(diagnostic, "hint", NULL);

    width_write(out, json_text(diagnostic, "file", "policy"), 0);
    fprintf(out, ":%lld:%lld: %s[%s]: ", (long long)json_int(diagnostic, "line", 0),
            (long long)json_int(diagnostic, "column", 0),
            json_text(diagnostic, "severity", "error"), json_text(diagnostic, "code", "?"));
    width_write(out, json_text(diagnostic, "message", ""), 0);
    fputc('\n', out);
    if (is_given(hint)) {
        fputs("  hint: ", out);
        width_write(out, hint, 0);
        fputc('\n', out);
    }
}
