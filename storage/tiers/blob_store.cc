#include "storage/tiers/blob_store.h"

#include <utility>

#include "codecs/bytes/status_macros.h"
#include "storage/io/file_system.h"
#include "storage/io/mapped_file.h"
#include "storage/segment/mapped_source.h"

namespace cortex {
namespace {

class LocalBlobStore final : public BlobStore {
 public:
  LocalBlobStore(FileSystem* file_system, std::string directory)
      : file_system_(file_system), directory_(std::move(directory)) {}

  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(const std::string& name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<MappedFile> file, MappedFile::Open(file_system_, JoinPath(directory_, name)));
    return std::make_shared<MappedSource>(std::shared_ptr<const MappedFile>(std::move(file)));
  }

  absl::Status Remove(const std::string& name) override {
    const absl::Status status = file_system_->Remove(JoinPath(directory_, name));
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  absl::StatusOr<std::vector<std::string>> List() override {
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, file_system_->ListDir(directory_));
    std::vector<std::string> names;
    for (const DirEntry& entry : entries) {
      if (!entry.is_dir) names.push_back(entry.name);
    }
    return names;
  }

 private:
  FileSystem* const file_system_;
  const std::string directory_;
};

}  // namespace

std::unique_ptr<BlobStore> MakeLocalBlobStore(FileSystem* file_system, std::string directory) {
  return std::make_unique<LocalBlobStore>(file_system, std::move(directory));
}

}  // namespace cortex
