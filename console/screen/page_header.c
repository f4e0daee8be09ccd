/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header line; what does not fit is left out, alarms last of all. */
#include "console/screen/page_header.h"

#include <string.h>

#include "console/when.h"
#include "console/width.h"
#include "ha/base/text.h"

#define GAP 3
#define PARTS_MAX 8

struct part {
    enum style style;
    char text[160];
    char brief[32];
};

struct header {
    struct part parts[PARTS_MAX];
    int n_parts;
};

/* brief: what stands there when there is no room for all of it; NULL: nothing. */
static void add_part(struct header *header, enum style style, const char *text, const char *brief)
{
    struct part *part = &header->parts[header->n_parts];

    if (header->n_parts == PARTS_MAX)
        return;
    part->style = style;
    text_copy(part->text, sizeof(part->text), text);
    text_copy(part->brief, sizeof(part->brief), brief ? brief : "");
    header->n_parts++;
}

/* What alarms from this part on take, at least; nothing else may take it from them. */
static int alarm_columns(const struct header *header, int from)
{
    int columns = 0;

    for (int i = from; i < header->n_parts; i++) {
        if (header->parts[i].style == STYLE_ALARM)
            columns += width_of(header->parts[i].text) + 1;
    }
    return columns;
}

/* Each part that leaves room for the alarms behind it; these stand closer if they must. */
static void draw_parts(const struct header *header, struct canvas *canvas, int end)
{
    int column = 1;

    for (int i = 0; i < header->n_parts; i++) {
        const struct part *part = &header->parts[i];
        int room = end - 2 - column - alarm_columns(header, i + 1);
        const char *text =
            part->style == STYLE_ALARM || width_of(part->text) <= room ? part->text : part->brief;
        int width = width_of(text);

        if (width == 0 || (width > room && part->style != STYLE_ALARM))
            continue;
        canvas_put(canvas, 0, column, width, part->style, text);
        column += width + (width + GAP <= room ? GAP : 1);
    }
}

/* Node and clock, where the alarms leave room for them; returns where they begin. */
static int draw_right(const struct header *header, const struct model *model, struct canvas *canvas)
{
    const char *node = model->picture ? model->picture->node : "";
    int64_t at_ms = model->picture ? model_clock(model) : model->now_ms;
    int columns = canvas->columns, width, begin;
    struct when when;
    char text[128];

    snprintf(text, sizeof(text), "%s%s%s", node, node[0] ? "  " : "",
             when_clock(&when, at_ms, at_ms));
    width = width_of(text);
    begin = columns - 1 - width;
    if (begin - 2 < alarm_columns(header, 0))
        return columns;
    canvas_put(canvas, 0, begin, width, STYLE_BAR, text);
    return begin;
}

static void add_away(struct header *header, const struct model *model)
{
    int64_t away_ms = (model->now_ms - model->away_since_ms) / 1000 * 1000;
    struct when when;
    char text[96];

    if (away_ms < 1000)
        snprintf(text, sizeof(text), " AGENT AWAY, trying again ");
    else
        snprintf(text, sizeof(text), " AGENT AWAY %s, trying again ", when_span(&when, away_ms));
    add_part(header, STYLE_ALARM, text, NULL);
    if (model->picture)
        add_part(header, STYLE_BAR, "old picture", NULL);
}

static void add_quorum(struct header *header, const struct picture *picture)
{
    char text[64];

    if (picture->is_quorate)
        snprintf(text, sizeof(text), "quorum %d/%d", picture->votes, picture->expected);
    else
        snprintf(text, sizeof(text), " NO QUORUM %d/%d ", picture->votes, picture->expected);
    add_part(header, picture->is_quorate ? STYLE_BAR : STYLE_ALARM, text, NULL);
    if (picture->is_forced)
        add_part(header, STYLE_ALARM, " QUORUM FORCED ", NULL);
    if (picture->is_quorate && !picture->is_in_sync)
        add_part(header, STYLE_ALARM, " not in sync ", NULL);
}

/* A node that runs nothing need not be armed; one without a keeper cannot run anything. */
static void add_armed(struct header *header, const struct picture *picture)
{
    if (picture->is_armed)
        add_part(header, STYLE_BAR, "armed", NULL);
    else if (strcmp(picture->keeper, "disarmed") == 0)
        add_part(header, STYLE_BAR, "not armed, idle", NULL);
    else if (strcmp(picture->keeper, "condemned") == 0)
        add_part(header, STYLE_ALARM, " ABOUT TO RESET ", NULL);
    else
        add_part(header, STYLE_ALARM, " NO KEEPER ", NULL);
}

static void add_policy(struct header *header, const struct picture *picture, int64_t now_ms)
{
    struct when when;
    char text[160], brief[32];

    if (picture->policy_version == 0) {
        add_part(header, STYLE_BAR, "no policy yet", NULL);
        return;
    }
    snprintf(text, sizeof(text), "policy v%lld by %s %s", (long long)picture->policy_version,
             picture->policy_author, when_ago(&when, picture->policy_at_ms, now_ms));
    snprintf(brief, sizeof(brief), "policy v%lld", (long long)picture->policy_version);
    add_part(header, STYLE_BAR, text, brief);
}

/* What falls back unless somebody does something is more than a matter of record. */
static void add_confirm(struct header *header, const struct picture *picture, int64_t now_ms)
{
    int64_t left_ms = picture->confirm_until_ms - now_ms;
    struct when when;
    char text[160], brief[64];

    if (picture->back_version == 0)
        return;
    snprintf(brief, sizeof(brief), " v%lld back in %s ", (long long)picture->back_version,
             when_span(&when, left_ms > 0 ? left_ms : 0));
    snprintf(text, sizeof(text), " v%lld comes back in %s: :policy confirm ",
             (long long)picture->back_version, when.text);
    add_part(header, STYLE_ALARM, text, brief);
}

static void add_parts(struct header *header, const struct model *model)
{
    const struct picture *picture = model->picture;

    add_part(header, STYLE_BAR, "tenuto", NULL);
    if (picture)
        add_part(header, STYLE_BAR, picture->cluster, NULL);
    if (model->is_away)
        add_away(header, model);
    if (!picture || model->is_away)
        return;
    add_quorum(header, picture);
    add_armed(header, picture);
    add_policy(header, picture, model_clock(model));
    add_confirm(header, picture, model_clock(model));
    add_part(header, STYLE_BAR, picture->reason, NULL);
}

void header_draw(const struct model *model, struct canvas *canvas)
{
    struct header header = {.n_parts = 0};

    canvas_fill(canvas, 0, 0, canvas->columns, STYLE_BAR, " ");
    add_parts(&header, model);
    draw_parts(&header, canvas, draw_right(&header, model, canvas));
}
