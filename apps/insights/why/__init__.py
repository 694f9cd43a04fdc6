"""Why a set of traces is slower, or fails more, than another: for `/why`, `/api/v1/why` and `manage.py why`."""
