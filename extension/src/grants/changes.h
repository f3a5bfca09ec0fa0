// What follows a change of jit.grants: at commit, and not before, other sessions read their grants
// again and statements that run under an ended grant are cancelled.

#pragma once

namespace jit::grants {

// Registers the transaction callbacks and the hook on DROP. Once, from _PG_init.
void InitChanges();

// To be called with a statement that may take a role out of another. At the transaction's commit
// the statements that run by grants of those who no longer are in jit_requester end, in all
// databases.
void NoteMembershipChange();

}  // namespace jit::grants
