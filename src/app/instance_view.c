#include "app/instance_view.h"

#include "app/command.h"

int instance_view(int argc, char **argv, const char *usage, instance_print *print)
{
    struct view_request request;
    struct run_history history = {0};
    struct estate estate = {0};
    struct config config = {0};
    int code = view_arguments(argc, argv, usage, &request);

    if (code != -1) {
        return code;
    }
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = run_history_read(&estate, request.instance, request.has_run ? &request.run : NULL,
                                &history);
    }
    if (history.count > 0) {
        print(&request, &history);
    }
    run_history_release(&history);
    estate_close(&estate);
    config_release(&config);
    return code;
}
