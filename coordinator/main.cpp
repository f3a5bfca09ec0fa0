// jit-coordinator: the daemon and the approvers' command line.
#include "cli/app.h"

int main(int argc, char** argv) { return jit::cli::Main(argc, argv); }
