// Short forms for the rows of a strategy's settings.

#ifndef NASCENT_SERVER_STRATEGY_SETTINGS_H_
#define NASCENT_SERVER_STRATEGY_SETTINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/strategy/registry.h"

namespace nascent::strategy {

Setting IntegerSetting(std::string name, int64_t minimum, int64_t maximum, int64_t default_value,
                       std::string description);
Setting RealSetting(std::string name, double minimum, double maximum, double default_value,
                    std::string description);
Setting FlagSetting(std::string name, bool default_value, std::string description);
Setting TextSetting(std::string name, std::vector<std::string> allowed, std::string default_value,
                    std::string description);
// Any text.
Setting FreeTextSetting(std::string name, std::string default_value, std::string description);
// Another strategy by default of that name.
Setting StrategySetting(std::string name, std::string default_value, std::string description);
// A list of strategies.
Setting StrategiesSetting(std::string name, const std::vector<std::string>& default_value,
                          std::string description);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SETTINGS_H_
