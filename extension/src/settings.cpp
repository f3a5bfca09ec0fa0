#include "settings.h"

#include "audit/settings.h"
#include "mask_functions/key.h"
#include "pg/server.h"
#include "tokens/secret.h"

extern "C" {
#include "utils/guc.h"
}

namespace jit {

bool default_explain = true;

void DefineSettings() {
  DefineCustomBoolVariable("jit_access.default_explain",
                           "Lets every member of jit_requester use EXPLAIN without ANALYZE.",
                           "When off, EXPLAIN needs a grant of EXPLAIN or of what the statement "
                           "itself needs.",
                           &default_explain, true, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  audit::DefineSettings();
  mask_functions::DefineKeySettings();
  tokens::DefineSettings();
  MarkGUCPrefixReserved("jit_access");
}

}  // namespace jit
