#include "enforce/inlining.h"

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "pg/installed.h"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_proc.h"
#include "utils/syscache.h"
}

namespace jit::enforce {

namespace {

needs_fmgr_hook_type previous_needs_fmgr = nullptr;

bool IsSetReturningSql(Oid function) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return false;
  Form_pg_proc proc = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  bool yes = proc->prolang == SQLlanguageId && proc->proretset;
  ReleaseSysCache(tuple);
  return yes;
}

bool Concerns(Oid userid) {
  return pg::IsGoverned(userid) || (mask::AnyMasks() && !mask::IsExemptEverywhere(userid));
}

bool NeedsFmgr(Oid function) {
  if (previous_needs_fmgr && previous_needs_fmgr(function)) return true;
  return function >= FirstNormalObjectId && IsTransactionState() && Concerns(GetUserId()) &&
         IsSetReturningSql(function);
}

}  // namespace

void InitInlining() {
  previous_needs_fmgr = needs_fmgr_hook;
  needs_fmgr_hook = NeedsFmgr;
}

}  // namespace jit::enforce
