/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The layout as edits of what lies between words, so that an editor keeps its marks and its
 * cursor; and the replacements that messages offer.
 */
#include <string.h>

#include "dsl/format.h"
#include "dsl/lsp_work.h"
#include "dsl/policy_text.h"
#include "ha/base/json.h"

/* What the formatter may take away or put in. */
static bool is_layout(const struct token *token)
{
    return token->kind == TOKEN_BLANK || token->kind == TOKEN_NEWLINE ||
           token->kind == TOKEN_COMMA || token->kind == TOKEN_SEMICOLON;
}

static int next_word(const struct tokens *tokens, int at)
{
    while (is_layout(&tokens->list[at]))
        at++;
    return at;
}

/* Of a comment the blanks at its end are layout, too. */
static int end_of(const char *text, const struct token *token)
{
    int end = token->offset + token->length;

    while (token->kind == TOKEN_COMMENT && end > token->offset + 1 &&
           strchr(" \t\r", text[end - 1]))
        end--;
    return end;
}

static bool is_same(const char *old, int old_length, const char *new, int new_length)
{
    return old_length == new_length && memcmp(old, new, (size_t)old_length) == 0;
}

/* NULL if the two texts differ in more than layout. */
static json_t *edits_between(const struct document *document, const char *layout,
                             const struct tokens *new_tokens)
{
    const struct tokens *old_tokens = &document->tree->tokens;
    const char *text = document->text;
    json_t *edits = json_array();
    int old = 0, new = 0, old_end = 0, new_end = 0;

    for (;; old++, new ++) {
        const struct token *a = &old_tokens->list[old = next_word(old_tokens, old)];
        const struct token *b = &new_tokens->list[new = next_word(new_tokens, new)];

        if (a->kind != b->kind || !is_same(text + a->offset, end_of(text, a) - a->offset,
                                           layout + b->offset, end_of(layout, b) - b->offset)) {
            json_decref(edits);
            return NULL;
        }
        if (!is_same(text + old_end, a->offset - old_end, layout + new_end, b->offset - new_end))
            json_array_append_new(edits,
                                  document_edit(document, old_end, a->offset,
                                                arena_strndup(document->arena, layout + new_end,
                                                              (size_t)(b->offset - new_end))));
        if (a->kind == TOKEN_END)
            return edits;
        old_end = end_of(text, a);
        new_end = end_of(layout, b);
    }
}

json_t *lsp_formatting(struct document *document, const json_t *params, struct err *err)
{
    struct diagnostics *found;
    struct tokens tokens;
    json_t *edits;
    char *layout;

    (void)params;
    document_read(document);
    if (!document->tree)
        return NULL;
    for (int i = 0; i < document->diagnostics->n_list; i++) {
        const char *code = diagnostic_code_name(document->diagnostics->list[i].code);

        if (strncmp(code, "T01", 3) != 0)
            continue;
        err_set(err, "line %d has a mistake; a text with mistakes is left as it is",
                document->diagnostics->list[i].at.line);
        return NULL;
    }
    layout = format_run(document->tree);
    found = arena_alloc(document->arena, sizeof(*found));
    diagnostics_init(found, document->arena, "", layout, strlen(layout));
    tokens = lexer_run(found);
    edits = edits_between(document, layout, &tokens);
    if (edits)
        return edits;
    return json_pack("[o]", document_edit(document, 0, (int)document->length, layout));
}

json_t *lsp_code_action(struct document *document, const json_t *params, struct err *err)
{
    const json_t *range = json_object_get(params, "range");
    int from = document_offset(document, json_object_get(range, "start"));
    int to = document_offset(document, json_object_get(range, "end"));
    json_t *actions = json_array();

    (void)err;
    document_read(document);
    for (int i = 0; i < document->diagnostics->n_list; i++) {
        const struct diagnostic *each = &document->diagnostics->list[i];
        int end = each->at.offset + each->at.length;
        json_t *edit;

        if (!each->replace || each->at.offset > to || end < from)
            continue;
        edit = json_pack("{s:{s:[o]}}", "changes", document->uri,
                         document_edit(document, each->at.offset, end, each->replace));
        json_array_append_new(actions,
                              json_pack("{s:o, s:s, s:b, s:o}", "title",
                                        json_sprintf("write \"%s\"", each->replace), "kind",
                                        "quickfix", "isPreferred", true, "edit", edit));
    }
    return actions;
}
