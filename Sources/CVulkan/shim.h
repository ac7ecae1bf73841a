#pragma once
// Types only: no prototypes, so nothing can link against the loader by accident.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>
