// The other side of the ring: the worker that takes records out, and the launcher that starts it.

#pragma once

#include "audit/ring.h"

extern "C" {
#include "lib/stringinfo.h"
}

namespace jit::audit {

// Whether this process is one.
bool IsWorker();

// Binds this process to the channel. False where the channel has a worker, or no database.
bool EnterWorker(int channel, Oid* database);
void LeaveWorker();
// Copies records up to about `most` bytes into *out; returns the position behind them.
uint64 Peek(StringInfo out, Size most);
// Calls fn for each record of what Peek has copied.
using RecordVisitor = void (*)(void* arg, const char* bytes, Size size);
void VisitRecords(const StringInfoData& copied, RecordVisitor fn, void* arg);
// What stands before the position is durable.
void Advance(uint64 position);
void SetFailing(const char* reason);
void ClearFailing();
bool IsAskedToLeave();
// Nothing waits to be written, and no statement is under way.
bool IsIdle();
// How much of the ring is filled, 0 to 1.
double Fill();
// True once for each channel in a server's life.
bool IsFirstStart();

// The launcher's side.

void EnterLauncher();
// Calls fn for each channel whose database needs a worker and has none; what it returns is kept as
// the reason why there is none, null if one was started.
using Starter = const char* (*)(int channel);
void StartWorkers(Starter fn);
// Has every known database's worker come, to look at the settings.
void WantAllWorkers();

}  // namespace jit::audit
