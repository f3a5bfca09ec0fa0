// Statements in the audit log: each has a record of its begin, which is durable before it returns
// a row, and one of its end, however it ends; or one record that says it was refused.

#pragma once

#include "audit/record.h"

extern "C" {
#include "executor/execdesc.h"
#include "tcop/cmdtag.h"
}

namespace jit::audit {

inline constexpr int kMostRequests = 32;

// What the other rooms know of a statement that has started.
struct Facts {
  int request_count;  // by whose grants it runs
  int64 request_ids[kMostRequests];
  List* raw_columns;  // char *: masked columns that it sees raw
};

struct Sources {
  // Whether `facts` has anything to say of the statement. Cheap.
  bool (*has_facts)(const QueryDesc* desc);
  Facts (*facts)(const QueryDesc* desc);
  // Whether a policy keeps the constants and parameters of what the user runs out of the log.
  bool (*blanks_values)(Oid userid);
  // Whether the error that is being handled says that access has ended.
  bool (*ended_by_grant)();
};

// Registers callbacks. Once, from _PG_init.
void InitStatements(const Sources& sources);

// ExecutorStart: runs `next`; records the begin of what is audited, or that it was refused.
void StartAudited(QueryDesc* desc, int eflags, void (*next)(QueryDesc* desc, int eflags));

// A part of the execution: waits until the begin is durable, then runs `body(arg)`.
void RunAudited(QueryDesc* desc, void (*body)(void* arg), void* arg);

// ExecutorFinish: likewise, for triggers that run behind.
void FinishAudited(QueryDesc* desc, void (*body)(void* arg), void* arg);

// Before ExecutorEnd: the statement has run to its end.
void NoteFinished(const QueryDesc* desc);

// Planning: what fails in it is recorded as refused.
using PlanFunction = PlannedStmt* (*)(Query* query, const char* source, int cursor_options,
                                      ParamListInfo params);
PlannedStmt* PlanAudited(Query* query, const char* source, int cursor_options, ParamListInfo params,
                         PlanFunction next);

// A utility statement.
void RunUtilityAudited(const PlannedStmt* statement, const char* source, ParamListInfo params,
                       const QueryCompletion* completion, void (*body)(void* arg), void* arg);

// Whether this process runs statements for somebody.
bool IsClient();

// Records a call of a function outside of any statement; durable when it returns.
void EnterCall(struct OpenStatement* call, const char* function);

// Gives the query an identifier where the server gives none, for sessions that are audited.
void IdentifyQuery(Query* query, const char* source);

}  // namespace jit::audit
