/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan says: the difference, what happens when, what checks say now, what is survived. */
#include <stdlib.h>
#include <string.h>

#include "console/difference.h"
#include "console/plan_work.h"
#include "console/width.h"
#include "ha/base/json.h"
#include "ha/base/text.h"

/* Services that keep their old parameters: so many are named. */
#define LATER_SHOWN 20

static bool is_for_people(const struct output *output)
{
    return output->maker != &output_json;
}

static void say(struct output *output, const char *words)
{
    width_write(output->out, words, 0);
    fputc('\n', output->out);
}

/* ---- the difference -------------------------------------------------------------------------- */

static void write_difference(const struct proposal *p)
{
    struct output *output = p->output;
    bool is_same = p->before.text && strcmp(p->before.text, p->after.text) == 0;

    if (is_for_people(output) && !p->is_compared)
        fprintf(output->out, "%s is no right policy any more, so nothing is compared with it\n",
                p->before.file);
    else if (is_for_people(output) && p->difference.n_lines > 0 && !p->before.text)
        fprintf(output->out, "no policy is in force; all of this is new:\n");
    else if (is_for_people(output) && p->difference.n_lines > 0)
        fprintf(output->out, "changes from %s:\n", p->before.file);
    else if (is_for_people(output))
        fprintf(output->out, "nothing changes from %s%s\n",
                p->before.text ? p->before.file : "no policy",
                is_same ? ""
                        : ": it is only laid out, commented or ordered in another way, or says "
                          "the same in other words");
    if (p->is_compared)
        difference_write(output, p->arena, &p->difference);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static const char *name_or_nothing(const struct policy *policy, node_id node)
{
    return node == NODE_NONE ? NULL : policy->nodes[node].name;
}

static const char *span_words(struct arena *arena, struct duration span)
{
    char buffer[32];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    text_add_ms(&text, span.ms);
    return arena_strdup(arena, buffer);
}

/* How long, and which limits of the policy it is made of. */
static const char *outage_words(const struct proposal *p, const struct plan_step *step)
{
    const struct outage *outage = &step->outage;
    const char *sum = "";

    if (step->deed == PLAN_MOVE_LIVE)
        return arena_printf(
            p->arena, "it goes on running; the move takes at most %s (migrate timeout)",
            span_words(p->arena, p->after.policy->services[step->service].migrate_timeout));
    if (outage->start.ms == 0)
        return NULL;
    if (outage->stop.ms > 0)
        sum = arena_printf(p->arena, "stop timeout %s + ", span_words(p->arena, outage->stop));
    if (outage->first.ms > 0)
        sum = arena_printf(p->arena, "%swhat starts before it %s + ", sum,
                           span_words(p->arena, outage->first));
    return arena_printf(p->arena, "%s at most %s: %sstart timeout %s",
                        outage->stop.ms > 0 ? "down for" : "it runs within",
                        span_words(p->arena, outage_total(outage)), sum,
                        span_words(p->arena, outage->start));
}

static json_t *row_of(const struct proposal *p, const struct plan_step *step)
{
    const struct policy *policy = p->after.policy;
    const struct outage *outage = &step->outage;
    char why[REASON_TEXT_MAX];
    json_t *row;

    reason_text(&step->why, policy, why, sizeof(why));
    row = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s, s:s*}", "kind", "step", "service",
                    policy->services[step->service].name, "deed", plan_deed_name(step->deed),
                    "from", name_or_nothing(policy, step->from), "to",
                    name_or_nothing(policy, step->to), "why", why, "time", outage_words(p, step));
    if (step->deed == PLAN_MOVE_LIVE)
        json_object_set_new(row, "down_ms", json_integer(0));
    else if (outage->stop.ms > 0)
        json_object_set_new(row, "down_ms", json_integer(outage_total(outage).ms));
    else if (outage->start.ms > 0)
        json_object_set_new(row, "within_ms", json_integer(outage_total(outage).ms));
    return row;
}

static void write_step(struct output *output, const json_t *row)
{
    const char *from = json_text(row, "from", NULL), *to = json_text(row, "to", NULL);
    const char *time = json_text(row, "time", NULL);
    char where[2 * NODE_NAME_MAX + 8], line[2 * REASON_TEXT_MAX];

    if (!is_for_people(output)) {
        output_row(output, row);
        return;
    }
    snprintf(where, sizeof(where), "%s%s%s%s", from ? from : "", from && to ? " -> " : "",
             to && !from ? "on " : "", to && (!from || strcmp(from, to) != 0) ? to : "");
    /* A name and two nodes fill a line; why has the next one to itself. */
    snprintf(line, sizeof(line), "  %-9s %-28s %s", json_text(row, "deed", ""),
             json_text(row, "service", ""), where);
    say(output, line);
    snprintf(line, sizeof(line), "            %s", json_text(row, "why", ""));
    say(output, line);
    if (time)
        fprintf(output->out, "            %s\n", time);
}

static size_t write_steps(const struct proposal *p)
{
    size_t n_rows = json_array_size(p->removed) + (size_t)p->plan->n_steps;
    struct output *output = p->output;
    json_t *each;
    size_t i;

    if (is_for_people(output))
        fprintf(output->out, n_rows ? "would happen:\n" : "nothing would start, stop or move\n");
    json_array_foreach(p->removed, i, each) write_step(output, each);
    for (int at = 0; at < p->plan->n_steps; at++) {
        autojson *row = row_of(p, &p->plan->steps[at]);

        write_step(output, row);
    }
    if (is_for_people(output) && !p->plan->is_settled)
        fprintf(output->out, "and it does not come to rest: these are the first steps\n");
    return n_rows;
}

/* ---- what runs on as it was started ---------------------------------------------------------- */

static bool is_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void add_word(json_t *list, const char *word, const char *name)
{
    json_array_append_new(list, json_sprintf("%s%s", word, name));
}

/* What its agent is told, where that is not what it was told when it was started. */
static json_t *new_parameters(const struct service_policy *old, const struct service_policy *new)
{
    json_t *list = json_array();
    int i = 0, k = 0;

    if (!is_equal(old->agent, new->agent))
        add_word(list, "agent", "");
    if (!is_equal(old->address, new->address))
        add_word(list, "address", "");
    while (i < old->n_settings || k < new->n_settings) {
        int order = i == old->n_settings   ? 1
                    : k == new->n_settings ? -1
                                           : strcmp(old->settings[i].name, new->settings[k].name);

        if (order != 0 || !is_equal(old->settings[i].value, new->settings[k].value) ||
            !is_equal(old->settings[i].secret, new->settings[k].secret))
            add_word(list, "set ", order <= 0 ? old->settings[i].name : new->settings[k].name);
        i += order <= 0;
        k += order >= 0;
    }
    return list;
}

/* It ran before, and nothing of what happens starts it anew. */
static bool runs_on(const struct proposal *p, service_id id)
{
    if (p->planning->notes[id].from == NODE_NONE)
        return false;
    for (int i = 0; i < p->plan->n_steps; i++) {
        const struct plan_step *step = &p->plan->steps[i];

        if (step->service == id)
            return step->deed == PLAN_MOVE_LIVE || step->deed == PLAN_NOTHING;
    }
    return true;
}

static void write_later(const struct proposal *p, const char *service, const json_t *settings,
                        int n_before)
{
    struct output *output = p->output;
    char words[256] = "";
    struct text text;

    if (!is_for_people(output)) {
        autojson *row =
            json_pack("{s:s, s:s, s:O}", "kind", "later", "service", service, "settings", settings);

        output_row(output, row);
        return;
    }
    if (n_before == 0)
        fprintf(output->out, "not at once: what runs keeps the parameters it was started with, and "
                             "gets the\nnew ones at its next start (tenuto ha restart SERVICE):\n");
    if (n_before >= LATER_SHOWN)
        return;
    text_init(&text, words, sizeof(words));
    for (size_t i = 0; i < json_array_size(settings); i++)
        text_add(&text, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(settings, i)));
    fprintf(output->out, "  %-38s %s\n", service, words);
}

static void write_all_later(const struct proposal *p)
{
    const struct policy *old = p->before.policy, *new = p->after.policy;
    int n_written = 0;

    for (service_id was = 0; p->before.is_right && was < old->n_services; was++) {
        service_id now = policy_find_service(new, old->services[was].name);
        autojson *settings = NULL;

        if (now == SERVICE_NONE || !runs_on(p, now))
            continue;
        settings = new_parameters(&old->services[was], &new->services[now]);
        if (json_array_size(settings) > 0)
            write_later(p, new->services[now].name, settings, n_written++);
    }
    if (n_written > LATER_SHOWN && is_for_people(p->output))
        fprintf(p->output->out, "  and %d more\n", n_written - LATER_SHOWN);
}

/* ---- checks and survival --------------------------------------------------------------------- */

static bool has_message(const struct diagnostics *found, const struct diagnostic *message)
{
    for (int i = 0; i < found->n_list; i++) {
        if (found->list[i].code == message->code &&
            strcmp(found->list[i].words, message->words) == 0)
            return true;
    }
    return false;
}

/* Messages of the one that the other does not have. */
static int write_checks(const struct proposal *p, char sign, int n_before)
{
    const struct plan_side *one = sign == '+' ? &p->after : &p->before;
    const struct plan_side *other = sign == '+' ? &p->before : &p->after;
    struct output *output = p->output;
    int n = n_before;

    for (int i = 0; i < one->found->n_list; i++) {
        const struct diagnostic *message = &one->found->list[i];
        const char *code = diagnostic_code_name(message->code);
        char mark[2] = {sign, '\0'};

        if (has_message(other->found, message))
            continue;
        if (is_for_people(output)) {
            if (n == 0)
                fprintf(output->out, "checks:\n");
            difference_say(output, sign == '+' ? '-' : '+',
                           arena_printf(p->arena, "%c %s[%s]: %s", sign,
                                        severity_name(message->severity), code, message->words));
        } else {
            autojson *row =
                json_pack("{s:s, s:s, s:s, s:s, s:i}", "kind", "check", "sign", mark, "code", code,
                          "message", message->words, "line", message->at.line);

            output_row(output, row);
        }
        n++;
    }
    return n;
}

static void write_survival(const struct proposal *p)
{
    struct output *output = p->output;
    bool is_known = p->before.is_right && p->before.survival;

    if (is_known && strcmp(p->before.survival, p->after.survival) == 0) {
        say(output, arena_printf(p->arena, "as before, it %s", p->after.survival));
        return;
    }
    if (is_known)
        say(output, arena_printf(p->arena, "%s %s", p->before.file, p->before.survival));
    say(output, arena_printf(p->arena, "%s %s", p->after.file, p->after.survival));
}

/* A node without the others plans from what it knows; the push would be refused later. */
static void write_age(const struct proposal *p)
{
    const char *reason = json_text(p->state, "reason", "");

    if (!json_flag(p->state, "current", true))
        say(p->output, arena_printf(p->arena,
                                    "all this from what this node knows, which may be "
                                    "old: %s",
                                    reason));
}

int plan_write(struct proposal *p)
{
    bool has_changes, is_current = json_flag(p->state, "current", true);
    size_t n_steps;

    write_difference(p);
    n_steps = write_steps(p);
    write_all_later(p);
    if (p->before.is_right)
        write_checks(p, '-', write_checks(p, '+', 0));
    has_changes = n_steps > 0 || !p->is_compared || p->difference.n_effects > 0;
    if (is_for_people(p->output)) {
        write_survival(p);
        write_age(p);
    } else {
        autojson *sum = json_pack(
            "{s:s, s:i, s:i, s:i, s:s, s:s*, s:b, s:I, s:b}", "kind", "sum", "lines",
            p->difference.n_lines, "effects", p->difference.n_effects, "steps", (int)n_steps,
            "survival", p->after.survival, "survival_before",
            p->before.is_right ? p->before.survival : NULL, "settled", p->plan->is_settled,
            "version", (json_int_t)p->version, "compared", p->is_compared);

        if (!is_current)
            json_object_set_new(sum, "current", json_false());
        output_row(p->output, sum);
    }
    return has_changes ? PLAN_EXIT_CHANGES : PLAN_EXIT_NOTHING;
}
