// A search as the file that a person would have written.

#ifndef NASCENT_CLIENT_CLI_SEARCH_FILE_TEXT_H_
#define NASCENT_CLIENT_CLI_SEARCH_FILE_TEXT_H_

#include <string>
#include <vector>

#include "nascent/v1/search.pb.h"

namespace nascent::cli {

// The search with all defaults as YAML that can be submitted again. What fits into `width` columns
// stands in one line; the template is a block of its own lines.
std::vector<std::string> SearchFileLines(const v1::SearchSpec& spec, int width);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_SEARCH_FILE_TEXT_H_
