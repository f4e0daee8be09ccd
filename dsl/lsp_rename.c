/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a name is declared, where else it stands, and giving it another. */
#include <string.h>

#include "dsl/lsp_work.h"
#include "ha/base/json.h"

static const char *const role_words[] = {"node", "set of nodes", "service", "rule"};

static int from_of(const struct document *document, const struct mention *mention)
{
    return document->tree->tokens.list[mention->name->first].offset;
}

static json_t *range_of(const struct document *document, const struct mention *mention)
{
    int from = from_of(document, mention);

    return document_range(document, from, from + (int)strlen(mention->word));
}

static json_t *location_of(const struct document *document, const struct mention *mention)
{
    return json_pack("{s:s, s:o}", "uri", document->uri, "range", range_of(document, mention));
}

static const struct mention *find(struct document *document, const json_t *params,
                                  const struct mentions **mentions)
{
    document_read(document);
    *mentions = mentions_of(document);
    return mentions_at(document, *mentions,
                       document_offset(document, json_object_get(params, "position")));
}

/* One of them is a name, so that it can be asked whether the other means it. */
static bool is_about(const struct mention *mention, const struct mention *subject)
{
    return mention_is_plain(subject) ? mention_means(mention, subject->role, subject->word)
                                     : mention_means(subject, mention->role, mention->word);
}

json_t *lsp_definition(struct document *document, const json_t *params, struct err *err)
{
    const struct mentions *mentions;
    const struct mention *subject = find(document, params, &mentions);
    json_t *list = json_array();

    (void)err;
    for (int i = 0; subject && i < mentions->n_list; i++) {
        if (mentions->list[i].is_definition && is_about(&mentions->list[i], subject))
            json_array_append_new(list, location_of(document, &mentions->list[i]));
    }
    return list;
}

json_t *lsp_references(struct document *document, const json_t *params, struct err *err)
{
    bool with_definitions =
        json_flag(json_object_get(params, "context"), "includeDeclaration", true);
    const struct mentions *mentions;
    const struct mention *subject = find(document, params, &mentions);
    json_t *list = json_array();

    (void)err;
    for (int i = 0; subject && i < mentions->n_list; i++) {
        const struct mention *mention = &mentions->list[i];

        if ((with_definitions || !mention->is_definition) && is_about(mention, subject))
            json_array_append_new(list, location_of(document, mention));
    }
    return list;
}

/* A name in a range or a pattern cannot be changed there without changing other names. */
static bool is_clear(const struct document *document, const struct mentions *mentions,
                     const struct mention *subject, const char *name, struct err *err)
{
    for (int i = 0; i < mentions->n_list; i++) {
        const struct mention *mention = &mentions->list[i];
        bool means_old = mention_means(mention, subject->role, subject->word);
        bool means_new = mention_means(mention, subject->role, name);
        int line = syntax_line(document->tree, mention->name);

        if (mention->role != subject->role)
            continue;
        if (mention_is_plain(mention) && means_new && mention->is_definition)
            return err_set(err, "there is a %s \"%s\" already, in line %d",
                           role_words[subject->role], name, line);
        if (mention_is_plain(mention) || means_old == means_new)
            continue;
        return err_set(err, "\"%s\" in line %d means %s %s, but not %s; write its names out first",
                       mention->word, line, role_words[subject->role],
                       means_old ? subject->word : name, means_old ? name : subject->word);
    }
    return true;
}

static bool is_name(const struct mention *subject, const char *name, struct err *err)
{
    bool is_service = subject->role == NAME_SERVICE;

    if (is_service ? service_name_is_valid(name) : node_name_is_valid(name))
        return true;
    return err_set(err, "\"%s\" cannot be the name of a %s: %s", name, role_words[subject->role],
                   is_service ? "it is written type:name, as in ocf:web"
                              : "a letter, then letters, digits, \"-\", \"_\" and \".\"");
}

/* Whether a range declares it, of which one name cannot be changed alone. */
static bool is_of_range(const struct document *document, const struct mentions *mentions,
                        const struct mention *subject, struct err *err)
{
    for (int i = 0; i < mentions->n_list; i++) {
        const struct mention *mention = &mentions->list[i];

        if (mention->is_definition && !mention_is_plain(mention) && is_about(mention, subject)) {
            err_set(err, "%s is one of \"%s\" in line %d; write its names out first", subject->word,
                    mention->word, syntax_line(document->tree, mention->name));
            return true;
        }
    }
    return false;
}

static const struct mention *find_subject(struct document *document, const json_t *params,
                                          const struct mentions **mentions, struct err *err)
{
    const struct mention *subject = find(document, params, mentions);

    if (!subject)
        err_set(err, "there is no name of a node, a service or a rule here");
    else if (!mention_is_plain(subject))
        err_set(err, "\"%s\" stands for several names; each has to be renamed by itself",
                subject->word);
    else if (!is_of_range(document, *mentions, subject, err))
        return subject;
    return NULL;
}

json_t *lsp_prepare_rename(struct document *document, const json_t *params, struct err *err)
{
    const struct mentions *mentions;
    const struct mention *subject = find_subject(document, params, &mentions, err);

    if (!subject)
        return NULL;
    return json_pack("{s:o, s:s}", "range", range_of(document, subject), "placeholder",
                     subject->word);
}

json_t *lsp_rename(struct document *document, const json_t *params, struct err *err)
{
    const char *name = json_text(params, "newName", "");
    const struct mentions *mentions;
    const struct mention *subject = find_subject(document, params, &mentions, err);
    json_t *edits;

    if (!subject)
        return NULL;
    /* "mail" for "vm:web" is vm:mail. */
    if (subject->role == NAME_SERVICE && !strchr(name, ':'))
        name = arena_printf(document->arena, "%.*s:%s", (int)strcspn(subject->word, ":"),
                            subject->word, name);
    if (!is_name(subject, name, err) || !is_clear(document, mentions, subject, name, err))
        return NULL;
    edits = json_array();
    for (int i = 0; i < mentions->n_list; i++) {
        const struct mention *mention = &mentions->list[i];
        int from = from_of(document, mention);

        if (mention_is_plain(mention) && is_about(mention, subject))
            json_array_append_new(
                edits, document_edit(document, from, from + (int)strlen(mention->word), name));
    }
    return json_pack("{s:{s:o}}", "changes", document->uri, edits);
}
