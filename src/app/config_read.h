/* config_read - the YAML part of config; see config.h. */
#ifndef BATON_APP_CONFIG_READ_H
#define BATON_APP_CONFIG_READ_H

#include "app/config.h"

/* Read the YAML text of `file` into `config`. Findings go to standard error.
 * STATUS_REJECT: there were errors. */
MUST_CHECK enum status config_read(struct text file, struct text source, struct config *config);
void config_add_property(struct config *config, struct config_properties *properties,
                         struct text name, struct text value);
void config_add_flows(struct config *config, struct text path);

#endif
