// How far the rungs of a ladder can be trusted, in words.

#ifndef NASCENT_CLIENT_CLI_RUNG_LINES_H_
#define NASCENT_CLIENT_CLI_RUNG_LINES_H_

#include <string>
#include <vector>

#include "client/cli/style.h"
#include "nascent/v1/search.pb.h"

namespace nascent::cli {

// One line per pair of neighbouring rungs from the time that some trial was promoted, and a
// sentence for each rung whose order of the promoted says nothing of the next rung's. Wrapped to
// the width.
std::vector<std::string> TrustLines(const v1::Search& search, int width, const Style& style);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_RUNG_LINES_H_
