// Where a template is read, for errors.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_ERRORS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_ERRORS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/spec/document.h"

namespace nascent::space {

using spec::DocumentNode;

// Knows the file and the path of the part that is read.
class TemplateErrors {
 public:
  explicit TemplateErrors(std::string file) : file_(std::move(file)) {}

  // INVALID_ARGUMENT "file:line: path.in.template: what".
  absl::Status Error(const DocumentNode& node, const std::string& what) const;
  absl::Status Error(int line, const std::string& what) const;

  // The text of a scalar as it stands, "" for nothing; else an error.
  absl::StatusOr<std::string> PlainText(const DocumentNode& node) const;
  // A name that others use: letters, digits and _, not a word of expressions. `what` it names.
  absl::StatusOr<std::string> NameOf(const DocumentNode& node, std::string_view what) const;

  const std::string& file() const { return file_; }

  // Names a part of the template for errors while it lives.
  class Trail {
   public:
    Trail(TemplateErrors& errors, std::string part) : errors_(errors) {
      errors_.trail_.push_back(std::move(part));
    }
    ~Trail() { errors_.trail_.pop_back(); }
    Trail(const Trail&) = delete;
    Trail& operator=(const Trail&) = delete;

   private:
    TemplateErrors& errors_;
  };

 private:
  const std::string file_;
  std::vector<std::string> trail_;
};

// Nodes that stand in for what a template leaves out.
DocumentNode NothingAt(int line);
DocumentNode WordAt(int line, std::string text);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_ERRORS_H_
