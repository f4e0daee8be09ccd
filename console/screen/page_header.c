/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The header line; what does not fit is left out from the right, alarms come first. */
#include "console/screen/page_header.h"

#include <string.h>

#include "console/when.h"
#include "console/width.h"

#define GAP 3

struct header {
    struct canvas *canvas;
    int column;
    int end; /* where node and clock begin */
};

/* A part of the line, if it fits whole. */
static void put_part(struct header *header, enum style style, const char *text)
{
    int width = width_of(text);

    if (header->column + width + 1 >= header->end)
        return;
    canvas_put(header->canvas, 0, header->column, width, style, text);
    header->column += width + GAP;
}

static void put_right(struct header *header, const struct model *model)
{
    const char *node = model->picture ? model->picture->node : "";
    int64_t at_ms = model->picture ? model_clock(model) : model->now_ms;
    struct when when;
    int columns = header->canvas->columns, width;
    char text[128];

    snprintf(text, sizeof(text), "%s%s%s", node, node[0] ? "  " : "",
             when_clock(&when, at_ms, at_ms));
    width = width_of(text);
    header->end = columns - 1 - width;
    canvas_put(header->canvas, 0, header->end, width, STYLE_BAR, text);
}

static void put_away(struct header *header, const struct model *model)
{
    int64_t away_ms = (model->now_ms - model->away_since_ms) / 1000 * 1000;
    struct when when;
    char text[96];

    if (away_ms < 1000)
        snprintf(text, sizeof(text), " AGENT AWAY, trying again ");
    else
        snprintf(text, sizeof(text), " AGENT AWAY %s, trying again ", when_span(&when, away_ms));
    put_part(header, STYLE_ALARM, text);
    if (model->picture)
        put_part(header, STYLE_BAR, "old picture");
}

static void put_quorum(struct header *header, const struct picture *picture)
{
    char text[64];

    if (picture->is_quorate)
        snprintf(text, sizeof(text), "quorum %d/%d", picture->votes, picture->expected);
    else
        snprintf(text, sizeof(text), " NO QUORUM %d/%d ", picture->votes, picture->expected);
    put_part(header, picture->is_quorate ? STYLE_BAR : STYLE_ALARM, text);
    if (picture->is_quorate && !picture->is_in_sync)
        put_part(header, STYLE_ALARM, " not in sync ");
}

/* A node that runs nothing need not be armed; one without a keeper cannot run anything. */
static void put_armed(struct header *header, const struct picture *picture)
{
    if (picture->is_armed)
        put_part(header, STYLE_BAR, "armed");
    else if (strcmp(picture->keeper, "disarmed") == 0)
        put_part(header, STYLE_BAR, "not armed, idle");
    else if (strcmp(picture->keeper, "condemned") == 0)
        put_part(header, STYLE_ALARM, " ABOUT TO RESET ");
    else
        put_part(header, STYLE_ALARM, " NO KEEPER ");
}

static void put_policy(struct header *header, const struct picture *picture, int64_t now_ms)
{
    int before = header->column;
    struct when when;
    char text[160];

    if (picture->policy_version == 0) {
        put_part(header, STYLE_BAR, "no policy yet");
        return;
    }
    snprintf(text, sizeof(text), "policy v%lld by %s %s", (long long)picture->policy_version,
             picture->policy_author, when_ago(&when, picture->policy_at_ms, now_ms));
    put_part(header, STYLE_BAR, text);
    if (header->column > before)
        return;
    snprintf(text, sizeof(text), "policy v%lld", (long long)picture->policy_version);
    put_part(header, STYLE_BAR, text);
}

void header_draw(const struct model *model, struct canvas *canvas)
{
    struct header header = {.canvas = canvas, .column = 1};
    const struct picture *picture = model->picture;

    canvas_fill(canvas, 0, 0, canvas->columns, STYLE_BAR, " ");
    put_right(&header, model);
    put_part(&header, STYLE_BAR, "tenuto");
    if (picture && picture->cluster[0])
        put_part(&header, STYLE_BAR, picture->cluster);
    if (model->is_away)
        put_away(&header, model);
    if (!picture || model->is_away)
        return;
    put_quorum(&header, picture);
    put_armed(&header, picture);
    put_policy(&header, picture, model_clock(model));
    if (picture->reason[0])
        put_part(&header, STYLE_BAR, picture->reason);
}
