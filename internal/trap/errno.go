package trap

import "syscall"

// An errnoRow says what an error number means in the TCP/IP table.
type errnoRow struct {
	errno syscall.Errno
	code  int
}

// errnoRows are the numbers that have a name on every system. Windows itself
// never reports them, but Go's own code does there; see codeOfErrno for what it
// reports. Two names may be one number (EAGAIN and EWOULDBLOCK).
var errnoRows = []errnoRow{
	{syscall.EINTR, CodeInterrupted},
	{syscall.EBADF, 10009},
	{syscall.EACCES, CodeAccessDenied},
	{syscall.EPERM, CodeAccessDenied},
	{syscall.EFAULT, 10014},
	{syscall.EINVAL, CodeInvalidArgument},
	{syscall.EMFILE, CodeTooManyFiles},
	{syscall.ENFILE, CodeTooManyFiles},
	{syscall.EAGAIN, CodeBlocked},
	{syscall.EWOULDBLOCK, CodeBlocked},
	{syscall.EINPROGRESS, CodeInProgress},
	{syscall.EALREADY, 10037},
	{syscall.ENOTSOCK, 10038},
	{syscall.EDESTADDRREQ, 10039},
	{syscall.EMSGSIZE, 10040},
	{syscall.EPROTOTYPE, 10041},
	{syscall.ENOPROTOOPT, 10042},
	{syscall.EPROTONOSUPPORT, 10043},
	{syscall.ESOCKTNOSUPPORT, 10044},
	{syscall.EOPNOTSUPP, CodeNotSupported},
	{syscall.ENOTSUP, CodeNotSupported},
	{syscall.EPFNOSUPPORT, 10046},
	{syscall.EAFNOSUPPORT, 10047},
	{syscall.EADDRINUSE, CodeAddressInUse},
	{syscall.EADDRNOTAVAIL, CodeNoAddress},
	{syscall.ENETDOWN, 10050},
	{syscall.ENETUNREACH, 10051},
	{syscall.ENETRESET, 10052},
	{syscall.ECONNABORTED, CodeAborted},
	{syscall.ECONNRESET, CodeReset},
	{syscall.EPIPE, CodeReset},
	{syscall.ENOBUFS, 10055},
	{syscall.ENOMEM, 10055},
	{syscall.EISCONN, 10056},
	{syscall.ENOTCONN, CodeNotConnected},
	{syscall.ESHUTDOWN, CodeShutDown},
	{syscall.ETOOMANYREFS, 10059},
	{syscall.ETIMEDOUT, CodeTimedOut},
	{syscall.ECONNREFUSED, CodeRefused},
	{syscall.ELOOP, 10062},
	{syscall.ENAMETOOLONG, 10063},
	{syscall.EHOSTDOWN, 10064},
	{syscall.EHOSTUNREACH, 10065},
	{syscall.ENOTEMPTY, 10066},
	{syscall.EUSERS, 10068},
	{syscall.EDQUOT, 10069},
	{syscall.ESTALE, 10070},
	{syscall.EREMOTE, 10071},
}

// errnoCodes are errnoRows and systemRows, to look a number up in.
var errnoCodes = byErrno(errnoRows, systemRows)

func byErrno(lists ...[]errnoRow) map[syscall.Errno]int {
	codes := map[syscall.Errno]int{}
	for _, rows := range lists {
		for _, row := range rows {
			codes[row.errno] = row.code
		}
	}
	return codes
}

// codeOfErrno returns the code of an error number, 0 where there is none. The
// network errors of Windows are the numbers of the TCP/IP table themselves
// (WSAECONNRESET is 10054). No other system has numbers as great as that.
func codeOfErrno(errno syscall.Errno) int {
	if code := int(errno); code >= firstTCPIP && Describe(code) != "" {
		return code
	}
	return errnoCodes[errno]
}
