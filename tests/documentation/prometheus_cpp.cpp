// SPDX-License-Identifier: BSL-1.0

// What docs/monitoring.md shows of prometheus-cpp. Compiled where that is installed.
#include <loopwatch/prometheus_collectable.hpp>

#include <memory>

namespace {

// As prometheus::Exposer.
struct {
    void RegisterCollectable(std::weak_ptr<prometheus::Collectable> const&) {}
} exposer;

}  // namespace

void beside_the_services_own(loopwatch::monitor const& monitor)
{
    auto const loops = loopwatch::collectable(monitor);  // keep it: the registry does not
    exposer.RegisterCollectable(loops);
}
