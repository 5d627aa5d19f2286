#include <stddef.h>

#include "app/fault.h"

fault_function *fault_hook(void)
{
    return NULL;
}
