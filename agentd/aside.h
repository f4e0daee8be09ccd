/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A damaged store of this node. */
#pragma once

#include "ha/base/err.h"

/* Before the store is opened: a damaged one is set aside and people are told. false: it stays. */
bool aside_mend(const char *path, struct err *err);
