// The processes of the audit log: a launcher, and for each database with something to write a
// worker that comes when it is needed and leaves when nothing has come for a while.

#include "audit/worker.h"

#include "audit/ring_worker.h"
#include "audit/settings.h"
#include "audit/writer.h"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PGDLLEXPORT void jit_audit_launcher(Datum arg);
PGDLLEXPORT void jit_audit_worker(Datum arg);
}

namespace jit::audit {

namespace {

constexpr TimestampTz kIdleTime = 30 * USECS_PER_SEC;
constexpr TimestampTz kTendTime = 600 * USECS_PER_SEC;
// How long an asynchronous worker gathers records, in milliseconds.
constexpr long kGatherTime = 50;
// How long it sleeps when nobody wakes it.
constexpr long kLookTime = 100;
constexpr Size kBatchBytes = 1024 * 1024;

volatile sig_atomic_t asked_to_stop = 0;

void OnStop(int) {
  int saved = errno;
  asked_to_stop = 1;
  SetLatch(MyLatch);
  errno = saved;
}

void Sleep(long milliseconds) {
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
            PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
}

// Sleeps whoever sets the latch.
void PauseUnlessAsked(long milliseconds) {
  for (long left = milliseconds; left > 0 && asked_to_stop == 0 && !ConfigReloadPending; left -= 50)
    WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(left, 50L), PG_WAIT_EXTENSION);
}

// Durable means on disk, whatever the cluster's default says.
void RequireFlush() {
  if (synchronous_commit < SYNCHRONOUS_COMMIT_LOCAL_FLUSH)
    SetConfigOption("synchronous_commit", "local", PGC_SUSET, PGC_S_SESSION);
}

void Prepare() {
  // ALTER DATABASE … SET role is its owner's: it is not to be who writes.
  SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, 0);
  // Nobody's defaults for the role or the database are to get in the way.
  SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("statement_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("idle_in_transaction_session_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
  // Nor somebody's event triggers, when it makes a partition.
  SetConfigOption("session_replication_role", "replica", PGC_SUSET, PGC_S_OVERRIDE);
  // A lock that somebody holds is a failure like others: it is said, and tried again.
  SetConfigOption("lock_timeout", "1s", PGC_SUSET, PGC_S_OVERRIDE);
  SetConfigOption("jit", "off", PGC_SUSET, PGC_S_OVERRIDE);
  RequireFlush();
}

// Runs `body` in a transaction of its own. False, and the reason known to those who wait, where it
// fails.
template <typename Fn>
bool InTransaction(Fn body, bool matters = true) {
  MemoryContext context = CurrentMemoryContext;
  volatile bool done = false;
  PG_TRY();
  {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    body();
    PopActiveSnapshot();
    CommitTransactionCommand();
    done = true;
  }
  PG_CATCH();
  {
    InterruptHoldoffCount = InterruptHoldoffCount + 1;
    MemoryContextSwitchTo(context);
    ErrorData* error = CopyErrorData();
    EmitErrorReport();
    AbortCurrentTransaction();
    FlushErrorState();
    ForgetHead();
    if (matters) SetFailing(error->message != nullptr ? error->message : "unknown error");
    FreeErrorData(error);
    InterruptHoldoffCount = InterruptHoldoffCount - 1;
  }
  PG_END_TRY();
  MemoryContextSwitchTo(context);
  return done;
}

class Worker {
 public:
  // Until it is to leave.
  void Run() {
    initStringInfo(&records_);
    idle_since_ = GetCurrentTimestamp();
    CheckSettings(IsFirstStart());
    while (!IsTimeToLeave()) {
      CHECK_FOR_INTERRUPTS();
      if (ConfigReloadPending) {
        ConfigReloadPending = false;
        ProcessConfigFile(PGC_SIGHUP);
        RequireFlush();
        CheckSettings(false);
      }
      if (!WriteWhatThereIs()) {
        PauseUnlessAsked(1000);  // what fails is not tried in a row
        continue;
      }
      Tend();
      Gather();
    }
  }

 private:
  void CheckSettings(bool first_start) {
    if (InTransaction([&] { WriteSettings(first_start); })) ClearFailing();
  }

  // False where it fails.
  bool WriteWhatThereIs() {
    for (;;) {
      uint64 until = Peek(&records_, kBatchBytes);
      if (records_.len == 0) return true;
      idle_since_ = GetCurrentTimestamp();
      bool has_log = true;
      if (!InTransaction([&] { has_log = WriteRecords(records_); })) return false;
      // The extension is gone from this database, and the log with it.
      if (!has_log) homeless_ = true;
      Advance(until);
      ClearFailing();
    }
  }

  void Tend() {
    TimestampTz now = GetCurrentTimestamp();
    if (homeless_ || now - tended_ < kTendTime) return;
    tended_ = now;
    // Locks that it does not get now it gets another time; what is to be written does not need
    // them.
    InTransaction([] { TendPartitions(); }, false);
  }

  // In sync mode somebody who waits wakes it; ends of statements have time.
  void Gather() {
    if (mode == kModeAsync && Fill() < 0.25)
      PauseUnlessAsked(kGatherTime);
    else
      Sleep(kLookTime);
  }

  bool IsTimeToLeave() {
    if (homeless_ && IsIdle()) return true;
    bool asked = asked_to_stop != 0 || IsAskedToLeave();
    TimestampTz now = GetCurrentTimestamp();
    if (!asked) return IsIdle() && now - idle_since_ > kIdleTime;
    // What others still have to say as they are ended, too, is waited for a little.
    if (asked_at_ == 0) asked_at_ = now;
    if (now - asked_at_ > 2 * USECS_PER_SEC) return true;
    if (!IsIdle()) return false;
    return true;
  }

  StringInfoData records_;
  TimestampTz idle_since_ = 0;
  TimestampTz tended_ = 0;
  TimestampTz asked_at_ = 0;
  bool homeless_ = false;
};

const char* StartWorker(int channel) {
  BackgroundWorker worker = {};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = BGW_NEVER_RESTART;  // the launcher starts another
  strlcpy(worker.bgw_library_name, "jit_access", BGW_MAXLEN);
  strlcpy(worker.bgw_function_name, "jit_audit_worker", BGW_MAXLEN);
  strlcpy(worker.bgw_name, "jit_access audit", BGW_MAXLEN);
  strlcpy(worker.bgw_type, "jit_access audit", BGW_MAXLEN);
  worker.bgw_main_arg = Int32GetDatum(channel);
  return RegisterDynamicBackgroundWorker(&worker, nullptr)
             ? nullptr
             : "no worker process is free: raise max_worker_processes";
}

}  // namespace

void RegisterLauncher() {
  if (IsBinaryUpgrade) return;
  BackgroundWorker worker = {};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = 1;
  strlcpy(worker.bgw_library_name, "jit_access", BGW_MAXLEN);
  strlcpy(worker.bgw_function_name, "jit_audit_launcher", BGW_MAXLEN);
  strlcpy(worker.bgw_name, "jit_access audit launcher", BGW_MAXLEN);
  strlcpy(worker.bgw_type, "jit_access audit launcher", BGW_MAXLEN);
  RegisterBackgroundWorker(&worker);
}

}  // namespace jit::audit

void jit_audit_launcher(Datum) {
  using namespace jit::audit;
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  EnterLauncher();
  while (!ShutdownRequestPending) {
    if (ConfigReloadPending) {
      ConfigReloadPending = false;
      ProcessConfigFile(PGC_SIGHUP);
      WantAllWorkers();  // a changed setting is a record
    }
    StartWorkers(StartWorker);
    Sleep(1000);
  }
  proc_exit(1);  // 0 would say: never again
}

void jit_audit_worker(Datum arg) {
  using namespace jit::audit;
  pqsignal(SIGTERM, OnStop);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  Oid database = InvalidOid;
  if (!EnterWorker(DatumGetInt32(arg), &database)) proc_exit(0);
  BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, BGWORKER_BYPASS_ALLOWCONN);
  Prepare();
  MemoryContextSwitchTo(
      AllocSetContextCreate(TopMemoryContext, "jit_access audit worker", ALLOCSET_DEFAULT_SIZES));
  pgstat_report_activity(STATE_RUNNING, "writing the audit log");
  Worker worker;
  worker.Run();
  proc_exit(0);
}
