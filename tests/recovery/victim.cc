// Lives the scripted life in a directory and says on standard output, step by step, how far it is. Made to be killed.
//
//   recovery_victim DIRECTORY        prints "open", then "begin N" and "done N" for each step of ScriptedLife()
//
// At the end a backup goes to DIRECTORY.backups, and from there to DIRECTORY.restored.

#include <cstdio>
#include <optional>
#include <string>

#include "codecs/bytes/status_macros.h"
#include "storage/backup/backup_files.h"
#include "storage/backup/backup_writer.h"
#include "tests/recovery/life.h"

namespace {

void Say(const char* what, size_t step) {
  std::printf("%s %d\n", what, static_cast<int>(step));
  std::fflush(stdout);
}

absl::Status BackUpAndRestore(cortex::Database* db, const std::string& dir) {
  const std::string repository = dir + ".backups";
  ASSIGN_OR_RETURN(const cortex::BackupResult backup, db->CreateBackup({.repository = repository}));
  cortex::FileSystem* const fs = cortex::PosixFileSystem();
  return cortex::RestoreBackup(fs, repository + "/" + backup.name, dir + ".restored", {}).status();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cortex::testing;
  if (argc != 2) return 2;
  Life life(cortex::PosixFileSystem(), argv[1]);
  absl::Status status = life.Open();
  const std::vector<LifeStep> steps = ScriptedLife();
  for (size_t i = 0; status.ok() && i < steps.size(); ++i) {
    Say("begin", i);
    status = life.Do(steps[i]);
    if (status.ok()) Say("done", i);
  }
  // Pinned and let go again: it changes no row.
  for (const std::optional<cortex::Tier> slowest : {std::optional(cortex::Tier::kCold), std::optional<cortex::Tier>()}) {
    if (status.ok()) status = life.db()->PinTable("t", slowest);
  }
  if (status.ok()) status = BackUpAndRestore(life.db(), argv[1]);
  life.Close();
  if (!status.ok()) std::fprintf(stderr, "recovery_victim: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
