/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services: what each of them obeys in the end is compared, so it makes no difference which block
 * says it. A change is told of the nearest block that has a part in it: the service's own, or the
 * defaults, where one line stands for all that they alter.
 */
#include <stdlib.h>
#include <string.h>

#include "dsl/difference_work.h"
#include "dsl/service_settings.h"
#include "ha/base/text.h"

/* From so many services on, an equal change of each is one line. */
#define FOLD_LEAST 4
/* So many names are spelled out in a line. */
#define NAMES_SHOWN 3
#define VALUE_MAX 256

/* Whose word counts, the nearest last. */
enum level { LEVEL_BUILTIN, LEVEL_ALL, LEVEL_TYPE, LEVEL_OWN };

struct service_change {
    service_id service; /* of the new policy */
    enum level level;
    int turn; /* of the setting among all settings */
    const char *setting;
    const char *before;
    const char *after;
    const char *let; /* the statement that is the cause; NULL: the words themselves */
    const struct syntax *statement;
};

struct service_changes {
    struct difference_work *work;
    struct service_change *list;
    int n_list;
    int size;
};

/* ---- the settings as words ------------------------------------------------------------------- */

static void say_ms(struct text *text, struct duration span)
{
    if (span.ms > 0)
        text_add_ms(text, span.ms);
}

static void say_state(struct text *text, const struct service_policy *s)
{
    static const char *const words[] = {
        [REQUESTED_STARTED] = "started",
        [REQUESTED_STOPPED] = "stopped",
        [REQUESTED_DISABLED] = "disabled",
        [REQUESTED_IGNORED] = "ignored",
    };

    text_add(text, "%s", words[s->requested]);
}

static void say_agent(struct text *text, const struct service_policy *s)
{
    text_add(text, "%s", s->agent ? s->agent : "");
}

static void say_address(struct text *text, const struct service_policy *s)
{
    text_add(text, "%s", s->address ? s->address : "");
}

static void say_restart(struct text *text, const struct service_policy *s)
{
    text_add(text, "%d after ", s->restart_max);
    text_add_ms(text, s->restart_after.ms);
}

static void say_relocate(struct text *text, const struct service_policy *s)
{
    text_add(text, "%d", s->relocate_max);
}

static void say_priority(struct text *text, const struct service_policy *s)
{
    text_add(text, "%d", s->priority);
}

static void say_failback(struct text *text, const struct service_policy *s)
{
    text_add(text, "%s", s->failback ? "yes" : "no");
}

static void say_monitor(struct text *text, const struct service_policy *s)
{
    text_add(text, "every ");
    text_add_ms(text, s->monitor_every.ms);
    text_add(text, " timeout ");
    text_add_ms(text, s->monitor_timeout.ms);
}

static void say_start(struct text *text, const struct service_policy *s)
{
    say_ms(text, s->start_timeout);
}

static void say_stop(struct text *text, const struct service_policy *s)
{
    say_ms(text, s->stop_timeout);
}

static void say_migrate(struct text *text, const struct service_policy *s)
{
    text_add(text, "%s",
             s->migrate == MIGRATE_LIVE    ? "live"
             : s->migrate == MIGRATE_NEVER ? "never"
                                           : "restart");
}

static void say_migrate_timeout(struct text *text, const struct service_policy *s)
{
    say_ms(text, s->migrate_timeout);
}

static void say_recover(struct text *text, const struct service_policy *s)
{
    say_ms(text, s->recover_within);
}

static void say_cpus(struct text *text, const struct service_policy *s)
{
    if (s->cpus_milli > 0)
        text_add(text, "%d", s->cpus_milli / 1000);
    if (s->cpus_milli % 1000)
        text_add(text, ".%03d", s->cpus_milli % 1000);
}

static void say_memory(struct text *text, const struct service_policy *s)
{
    if (s->memory > 0)
        text_add_bytes(text, s->memory);
}

/* In the order in which people write them; the names are those of words_setting. */
static const struct {
    const char *name;
    void (*say)(struct text *text, const struct service_policy *service);
    const char *between; /* of two parts that may change alone */
} settings[] = {
    {"agent", say_agent, NULL},
    {"address", say_address, NULL},
    {"state", say_state, NULL},
    {"cpus", say_cpus, NULL},
    {"memory", say_memory, NULL},
    {"priority", say_priority, NULL},
    {"restart", say_restart, " after "},
    {"relocate", say_relocate, NULL},
    {"failback", say_failback, NULL},
    {"recover within", say_recover, NULL},
    {"monitor", say_monitor, " timeout "},
    {"start timeout", say_start, NULL},
    {"stop timeout", say_stop, NULL},
    {"migrate", say_migrate, NULL},
    {"migrate timeout", say_migrate_timeout, NULL},
};

#define SETTINGS ((int)(sizeof(settings) / sizeof(settings[0])))
#define TURN_ON SETTINGS
#define TURN_SET (SETTINGS + 1)

/* ---- who says it ----------------------------------------------------------------------------- */

static const struct service_block *block_at(const struct resolution *r, service_id id,
                                            enum level level)
{
    return level == LEVEL_OWN    ? r->sources[id].block
           : level == LEVEL_TYPE ? resolve_defaults(r, r->policy->services[id].type)
                                 : resolve_defaults(r, NULL);
}

/* The setting as it stands in that block; NULL: it says nothing of it. */
static const struct syntax *said_in(const struct resolution *r, const struct service_block *block,
                                    const char *setting)
{
    int n_words;

    for (const struct syntax *at = block ? syntax_inside(block->statement) : NULL; at;
         at = at->next) {
        if (strcmp(words_setting(r->tree, at, &n_words), setting) == 0)
            return at;
    }
    return NULL;
}

static enum level level_of(const struct resolution *r, service_id id, const char *setting)
{
    for (enum level level = LEVEL_OWN; level > LEVEL_BUILTIN; level--) {
        if (said_in(r, block_at(r, id, level), setting))
            return level;
    }
    return LEVEL_BUILTIN;
}

/* The same words in both, which mean something else: some let does. */
static const char *cause_of(const struct difference_work *work, service_id was, service_id now,
                            enum level level)
{
    const struct syntax *before = said_in(work->before, block_at(work->before, was, level), "on");
    const struct syntax *after = said_in(work->after, block_at(work->after, now, level), "on");

    if (!before || !after ||
        strcmp(words_of(work->before->tree, before, 0, WORDS_SORTED),
               words_of(work->after->tree, after, 0, WORDS_SORTED)) != 0)
        return NULL;
    return difference_let(work, syntax_part(after, SYNTAX_TIERS));
}

/* ---- changes --------------------------------------------------------------------------------- */

static void add_change(struct service_changes *changes, service_id was, service_id now, int turn,
                       const struct service_change *said)
{
    struct difference_work *work = changes->work;
    struct service_change *change;
    enum level before = level_of(work->before, was, said->setting);
    enum level after = level_of(work->after, now, said->setting);

    if (changes->n_list == changes->size) {
        changes->size = changes->size ? 2 * changes->size : 64;
        changes->list = xrealloc(changes->list, (size_t)changes->size * sizeof(changes->list[0]));
    }
    change = &changes->list[changes->n_list++];
    *change = *said;
    change->service = now;
    change->turn = turn;
    change->level = before > after ? before : after;
    change->statement = work->after->sources[now].block->statement;
    if (turn == TURN_ON && before == after)
        change->let = cause_of(work, was, now, after);
}

/* "1 after 2s" and "3 after 2s": the pause is not what changed. */
static void trim_parts(struct arena *arena, struct service_change *change, const char *between)
{
    char *before = between && change->before ? strstr(change->before, between) : NULL;
    char *after = between && change->after ? strstr(change->after, between) : NULL;

    if (!before || !after)
        return;
    if (strcmp(before, after) == 0) {
        change->before = arena_strndup(arena, change->before, (size_t)(before - change->before));
        change->after = arena_strndup(arena, change->after, (size_t)(after - change->after));
    } else if (before - change->before == after - change->after &&
               memcmp(change->before, change->after, (size_t)(before - change->before)) == 0) {
        change->before = before + 1;
        change->after = after + 1;
    }
}

static void compare_values(struct service_changes *changes, service_id was, service_id now)
{
    const struct service_policy *before = &changes->work->before->policy->services[was];
    const struct service_policy *after = &changes->work->after->policy->services[now];
    struct arena *arena = changes->work->arena;

    for (int i = 0; i < SETTINGS; i++) {
        struct service_change change = {.setting = settings[i].name};
        char old[VALUE_MAX] = "", new[VALUE_MAX] = "";
        struct text text;

        text_init(&text, old, sizeof(old));
        settings[i].say(&text, before);
        text_init(&text, new, sizeof(new));
        settings[i].say(&text, after);
        if (strcmp(old, new) == 0)
            continue;
        change.before = old[0] ? arena_strdup(arena, old) : NULL;
        change.after = new[0] ? arena_strdup(arena, new) : NULL;
        trim_parts(arena, &change, settings[i].between);
        add_change(changes, was, now, i, &change);
    }
}

/* As it could be written: what is no word needs quotes. */
static const char *set_words(struct arena *arena, const struct setting *setting)
{
    const char *value = setting->value;
    bool is_word;

    if (setting->secret)
        return arena_printf(arena, "secret %s", setting->secret);
    is_word = *value && !value[strcspn(value, " \t\n\"\\#;,{}=|")];
    return is_word ? value : arena_printf(arena, "\"%s\"", value);
}

static void compare_sets(struct service_changes *changes, service_id was, service_id now)
{
    const struct service_policy *before = &changes->work->before->policy->services[was];
    const struct service_policy *after = &changes->work->after->policy->services[now];
    struct arena *arena = changes->work->arena;
    int i = 0, k = 0;

    while (i < before->n_settings || k < after->n_settings) {
        int order = i == before->n_settings ? 1
                    : k == after->n_settings
                        ? -1
                        : strcmp(before->settings[i].name, after->settings[k].name);
        const struct setting *left = order <= 0 ? &before->settings[i++] : NULL;
        const struct setting *right = order >= 0 ? &after->settings[k++] : NULL;
        struct service_change change = {.setting = NULL};

        change.before = left ? set_words(arena, left) : NULL;
        change.after = right ? set_words(arena, right) : NULL;
        if (left && right && strcmp(change.before, change.after) == 0)
            continue;
        change.setting = arena_printf(arena, "set %s", left ? left->name : right->name);
        add_change(changes, was, now, TURN_SET, &change);
    }
}

static const char *nodes_words(struct arena *arena, const struct policy *policy, node_set nodes)
{
    const char *words = "";

    NODE_SET_EACH(node, nodes)
    words = arena_printf(arena, "%s%s%s", words, *words ? ", " : "", policy->nodes[node].name);
    return words;
}

/* "keep on alpha, then beta"; NULL: anywhere. */
static const char *on_words(struct arena *arena, const struct resolution *r, service_id id)
{
    const char *words = NULL;

    for (int strict = 1; strict >= 0; strict--) {
        const struct service_block *block = resolve_on(r, id, strict);

        for (int i = 0; block && i < block->n_tiers[strict]; i++)
            words = arena_printf(arena, "%s%s%s", words ? words : "",
                                 i > 0    ? ", then "
                                 : strict ? "keep on "
                                 : words  ? "; try on "
                                          : "try on ",
                                 nodes_words(arena, r->policy, block->tiers[strict][i]));
    }
    return words;
}

static bool is_same_on(const struct difference_work *work, service_id was, service_id now)
{
    for (int strict = 0; strict < 2; strict++) {
        const struct service_block *before = resolve_on(work->before, was, strict);
        const struct service_block *after = resolve_on(work->after, now, strict);
        struct rule old = {.n_tiers = 0}, new = {.n_tiers = 0};

        if ((before != NULL) != (after != NULL))
            return false;
        if (!before)
            continue;
        old.n_tiers = before->n_tiers[strict];
        memcpy(old.tiers, before->tiers[strict], sizeof(old.tiers));
        new.n_tiers = after->n_tiers[strict];
        memcpy(new.tiers, after->tiers[strict], sizeof(new.tiers));
        if (!work_same_tiers(work, &old, &new))
            return false;
    }
    return true;
}

static void compare_service(struct service_changes *changes, service_id was, service_id now)
{
    const struct difference_work *work = changes->work;

    compare_values(changes, was, now);
    if (!is_same_on(work, was, now)) {
        struct service_change change = {.setting = "on"};

        change.before = on_words(work->arena, work->before, was);
        change.after = on_words(work->arena, work->after, now);
        add_change(changes, was, now, TURN_ON, &change);
    }
    compare_sets(changes, was, now);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int compare_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static bool is_same_change(const struct service_change *a, const struct service_change *b)
{
    return strcmp(a->setting, b->setting) == 0 && compare_text(a->before, b->before) == 0 &&
           compare_text(a->after, b->after) == 0;
}

/* Equal changes side by side, those of one service in the order of its settings. */
static int compare_changes(const void *left, const void *right)
{
    const struct service_change *a = left, *b = right;
    int order = (a->turn > b->turn) - (a->turn < b->turn);

    if (order == 0)
        order = strcmp(a->setting, b->setting);
    if (order == 0)
        order = compare_text(a->before, b->before);
    if (order == 0)
        order = compare_text(a->after, b->after);
    return order != 0 ? order : (a->service > b->service) - (a->service < b->service);
}

/* "service vm:db[1..50]" where it is all of a statement, else "service vm:a, vm:b and 3 more". */
static const char *title_of(struct difference_work *work, const struct resolution *r,
                            const service_id *ids, int n_ids)
{
    const struct service_block *block = r->sources[ids[0]].block;
    const char *title = "service ";
    int n_others = 0;

    for (int i = 0; i < r->policy->n_services; i++)
        n_others += r->sources[i].block == block;
    for (int i = 0; i < n_ids; i++)
        n_others -= r->sources[ids[i]].block == block ? 1 : r->policy->n_services + 1;
    if (n_others == 0 && n_ids > 1)
        return arena_printf(
            work->arena, "service %s",
            words_of(r->tree, syntax_part(block->statement, SYNTAX_NAMES), 0, WORDS_SHOWN));
    for (int i = 0; i < n_ids && (i < NAMES_SHOWN || n_ids <= NAMES_SHOWN + 1); i++)
        title = arena_printf(work->arena, "%s%s%s", title, i > 0 ? ", " : "",
                             r->policy->services[ids[i]].name);
    if (n_ids > NAMES_SHOWN + 1)
        title = arena_printf(work->arena, "%s and %d more", title, n_ids - NAMES_SHOWN);
    return title;
}

/* One line for the first so many services. */
static void add_line(struct difference_work *work, const struct resolution *r,
                     struct difference_line line, const service_id *ids, int n_ids)
{
    struct difference_line *added;

    line.statement = title_of(work, r, ids, n_ids);
    added = work_add(work, RANK_SERVICE, &line);
    for (int i = 0; i < n_ids; i++)
        work_name_service(work, added, r->policy->services[ids[i]].name);
}

static void add_lines(struct difference_work *work, const struct service_change *list, int n_list)
{
    struct difference_line line = {
        .sign = '~', .setting = list->setting, .before = list->before, .after = list->after};
    service_id *ids = arena_alloc(work->arena, (size_t)n_list * sizeof(ids[0]));
    int from = 0;

    for (int i = 0; i < n_list; i++) {
        bool is_last = i + 1 == n_list;

        ids[i] = list[i].service;
        if (!is_last && (n_list >= FOLD_LEAST || list[i + 1].statement == list[i].statement))
            continue;
        add_line(work, work->after, line, &ids[from], i + 1 - from);
        from = i + 1;
    }
}

/* Told of a defaults or let statement, which has its own line. */
static bool count_shared(struct difference_work *work, const struct service_change *change)
{
    const char *type = work->after->policy->services[change->service].type;
    const char *statement = change->let ? arena_printf(work->arena, "let %s", change->let)
                            : change->level == LEVEL_TYPE
                                ? arena_printf(work->arena, "defaults %s", type)
                                : "defaults";
    struct difference_line *line;

    if (!change->let && change->level == LEVEL_OWN)
        return false;
    line = work_find(work, statement, change->let ? NULL : change->setting);
    if (!line)
        return false;
    if (line->setting && !line->before && line->n_services == 0)
        line->before = change->before;
    if (line->setting && !line->after && line->n_services == 0)
        line->after = change->after;
    work_name_service(work, line, work->after->policy->services[change->service].name);
    return true;
}

static void add_all_lines(struct service_changes *changes)
{
    int kept = 0;

    for (int i = 0; i < changes->n_list; i++) {
        if (!count_shared(changes->work, &changes->list[i]))
            changes->list[kept++] = changes->list[i];
    }
    if (kept > 0)
        qsort(changes->list, (size_t)kept, sizeof(changes->list[0]), compare_changes);
    for (int i = 0, n; i < kept; i += n) {
        for (n = 1; i + n < kept; n++) {
            if (!is_same_change(&changes->list[i], &changes->list[i + n]))
                break;
        }
        add_lines(changes->work, &changes->list[i], n);
    }
}

static int compare_lone(const void *left, const void *right, void *context)
{
    const service_id *a = left, *b = right;
    const struct resolution *r = context;
    int first = r->sources[*a].block->statement->first;
    int second = r->sources[*b].block->statement->first;

    return first != second ? (first > second) - (first < second) : (*a > *b) - (*a < *b);
}

/* Services that only this side knows, a line for each of its statements. */
static void add_lone(struct difference_work *work, const struct resolution *r, char sign,
                     const bool *is_known)
{
    service_id *ids = arena_alloc(work->arena, ((size_t)r->policy->n_services + 1) * sizeof(*ids));
    int n_ids = 0;

    for (service_id id = 0; id < r->policy->n_services; id++) {
        if (!is_known[id])
            ids[n_ids++] = id;
    }
    if (n_ids > 0)
        qsort_r(ids, (size_t)n_ids, sizeof(ids[0]), compare_lone, (void *)r);
    for (int i = 0, n; i < n_ids; i += n) {
        const struct service_block *block = r->sources[ids[i]].block;
        const char *inside = words_inside(r->tree, block->statement, WORDS_SHOWN);
        struct difference_line line = {.sign = sign};

        for (n = 1; i + n < n_ids && r->sources[ids[i + n]].block == block; n++)
            continue;
        line.before = sign == '-' ? inside : NULL;
        line.after = sign == '+' ? inside : NULL;
        add_line(work, r, line, &ids[i], n);
    }
}

void difference_services(struct difference_work *work)
{
    int n_before = work->before->policy->n_services, n_after = work->after->policy->n_services;
    bool *was_known = arena_alloc(work->arena, (size_t)n_before + 1);
    bool *is_known = arena_alloc(work->arena, (size_t)n_after + 1);
    struct service_changes changes = {.work = work};

    for (service_id was = 0; was < n_before; was++) {
        service_id now = work->service_now[was];

        if (now == SERVICE_NONE)
            continue;
        was_known[was] = is_known[now] = true;
        compare_service(&changes, was, now);
    }
    add_lone(work, work->before, '-', was_known);
    add_lone(work, work->after, '+', is_known);
    add_all_lines(&changes);
    free(changes.list);
}
