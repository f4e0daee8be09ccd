/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A language server, as a value: messages of a text editor go in, messages for it come out.
 * It opens no file and no stream, so all it does can be tested by what it says. Everything it
 * offers comes from the grammar's own table, so it offers what the grammar learns.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "dsl/catalog.h"

struct lsp;

/* The message is the server's; who keeps it takes a reference. */
typedef void lsp_send_fn(void *context, json_t *message);

struct lsp *lsp_new(lsp_send_fn *send, void *context);
void lsp_free(struct lsp *lsp);
/* The agents of this machine, to check, complete and explain what is set for them. */
void lsp_know_agents(struct lsp *lsp, const struct catalog *catalog);

/*
 * A message that came in, or NULL for what was no message. It waits: what else has come in
 * behind it may cancel it, or change a text once more.
 */
void lsp_take(struct lsp *lsp, json_t *message);
/* Answers everything that waits. */
void lsp_work(struct lsp *lsp);

/* The editor has said "exit". */
bool lsp_is_over(const struct lsp *lsp);
/* What the process should end with: 0 if it said "shutdown" before. */
int lsp_exit_code(const struct lsp *lsp);
