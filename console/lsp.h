/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "tenuto lsp": the language server of dsl/lsp.h on standard input and output. */
#pragma once

#include "console/output.h"
#include "console/settings.h"

int lsp_serve(const struct settings *settings, struct output *output);
