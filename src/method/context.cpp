#include "method/context.hpp"

namespace llmx::method {

replay::Replay& replay_of(AttributionContext& scene, std::size_t text) {
    if (scene.replays.size() <= text) scene.replays.resize(text + 1);
    std::shared_ptr<replay::Replay>& replay = scene.replays[text];
    if (!replay) replay = std::make_shared<replay::Replay>(scene.session, scene.texts[text], scene.arena);
    return *replay;
}

}  // namespace llmx::method
