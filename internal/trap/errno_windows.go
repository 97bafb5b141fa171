package trap

import "golang.org/x/sys/windows"

// systemRows are the numbers of Windows proper. A socket's operation that was
// under way when something happened may end with these instead of the numbers
// of Winsock.
var systemRows = []errnoRow{
	{windows.ERROR_TOO_MANY_OPEN_FILES, CodeTooManyFiles},
	{windows.ERROR_ACCESS_DENIED, CodeAccessDenied},
	{windows.ERROR_INVALID_HANDLE, 10038},
	{windows.ERROR_NOT_ENOUGH_MEMORY, 10055},
	{windows.ERROR_NETNAME_DELETED, CodeReset},
	{windows.ERROR_INVALID_PARAMETER, CodeInvalidArgument},
	{windows.ERROR_BROKEN_PIPE, CodeReset},
	{windows.ERROR_SEM_TIMEOUT, CodeTimedOut},
	{windows.ERROR_OPERATION_ABORTED, CodeAborted},
	{windows.ERROR_CONNECTION_REFUSED, CodeRefused},
	{windows.ERROR_GRACEFUL_DISCONNECT, CodeReset},
	{windows.ERROR_NETWORK_UNREACHABLE, 10051},
	{windows.ERROR_HOST_UNREACHABLE, 10065},
	{windows.ERROR_PORT_UNREACHABLE, CodeRefused},
	{windows.ERROR_CONNECTION_ABORTED, CodeAborted},
	{windows.ERROR_HOST_DOWN, 10064},
	{windows.ERROR_NO_SYSTEM_RESOURCES, 10055},
}
