#include "tessera_index.h"
