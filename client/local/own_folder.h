// Folders that are ours: those that `nascent up` may close to others, give away or clean up.
//
// Each one that it makes gets a marker. What holds anything else is somebody's and is left alone.

#ifndef NASCENT_CLIENT_LOCAL_OWN_FOLDER_H_
#define NASCENT_CLIENT_LOCAL_OWN_FOLDER_H_

#include <sys/types.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/local/process.h"

namespace nascent::local {

// Makes the folder where it is missing. A link that leads to a folder counts as that folder.
// FAILED_PRECONDITION: something else has the name.
absl::Status MakeDirectory(const std::string& path, mode_t mode);

// Whether the marker stands in the folder.
bool IsMarked(const std::string& path);

// Says that the folder is ours, in a file that belongs to `owner`.
absl::Status Mark(const std::string& path, const User& owner);

// "init.sql and 2 more": what is in the folder beside the marker and what `known` knows; "":
// nothing.
std::string Strangers(const std::string& path,
                      const std::function<bool(const std::string&)>& known);

// Makes the folder, or takes one that is empty, is marked, or holds only names that `known` knows;
// then it is marked and has exactly this mode. False: it is somebody's, and nothing was changed.
absl::StatusOr<bool> Claim(const std::string& path, mode_t mode,
                           const std::function<bool(const std::string&)>& known);

// As Claim; FAILED_PRECONDITION with what was found where it is somebody's.
absl::Status MakeOwn(const std::string& path, mode_t mode,
                     const std::function<bool(const std::string&)>& known);

// Makes the folder `owner`'s, with this mode. FAILED_PRECONDITION: it is a link, or belongs to a
// third account.
absl::Status GiveTo(const std::string& path, const User& owner, mode_t mode);

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_OWN_FOLDER_H_
