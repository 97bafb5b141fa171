package trap_test

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ediport/ediport/internal/trap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented are the codes and groups of the component's documents.
//
//go:embed testdata/codes.tsv
var documented string

func TestTheTableHasWhatTheDocumentsHave(t *testing.T) {
	t.Parallel()
	want := strings.Fields(documented)[2:] // without the heading
	var got []string
	for _, row := range trap.Codes() {
		got = append(got, fmt.Sprint(row.Code), row.Group)
	}
	assert.Equal(t, want, got)
}

func TestEveryRowSaysWhatAndWhen(t *testing.T) {
	t.Parallel()
	for _, row := range trap.Codes() {
		assert.NotEmpty(t, row.Text, row.Code)
		assert.NotRegexp(t, `\.$`, row.Text, row.Code)
		assert.Equal(t, row.Text, trap.Describe(row.Code))
		assert.NotEmpty(t, strings.TrimPrefix(row.Occurs, trap.Never), row.Code)
	}
	for _, code := range []int{-1, 0, 99, 103, 285, 10003, 10005, 10094, 11005} {
		assert.Empty(t, trap.Describe(code), code)
	}
}

func TestTheTableIsACopy(t *testing.T) {
	t.Parallel()
	trap.Codes()[0].Text = "changed"
	assert.NotEqual(t, "changed", trap.Codes()[0].Text)
}

// errnoName finds the names of error numbers in Occurs.
var errnoName = regexp.MustCompile(`\bE[A-Z]{3,}\b`)

// elsewhere are names that not every system has.
var elsewhere = map[string]bool{"ENONET": true, "EPROCLIM": true}

func TestTheTableNamesTheErrorNumbersOfEachCode(t *testing.T) {
	t.Parallel()
	want := map[int][]string{}
	for _, row := range errnos {
		want[row.code] = append(want[row.code], row.name)
	}
	for _, row := range trap.Codes() {
		var named []string
		for _, name := range errnoName.FindAllString(row.Occurs, -1) {
			if !elsewhere[name] {
				named = append(named, name)
			}
		}
		assert.ElementsMatch(t, want[row.Code], named, row.Code)
	}
}

// errnos are the error numbers that every system has a name for.
var errnos = []struct {
	name  string
	errno syscall.Errno
	code  int
}{
	{"EINTR", syscall.EINTR, 10004},
	{"EBADF", syscall.EBADF, 10009},
	{"EACCES", syscall.EACCES, 10013},
	{"EPERM", syscall.EPERM, 10013},
	{"EFAULT", syscall.EFAULT, 10014},
	{"EINVAL", syscall.EINVAL, 10022},
	{"EMFILE", syscall.EMFILE, 10024},
	{"ENFILE", syscall.ENFILE, 10024},
	{"EAGAIN", syscall.EAGAIN, 10035},
	{"EWOULDBLOCK", syscall.EWOULDBLOCK, 10035},
	{"EINPROGRESS", syscall.EINPROGRESS, 10036},
	{"EALREADY", syscall.EALREADY, 10037},
	{"ENOTSOCK", syscall.ENOTSOCK, 10038},
	{"EDESTADDRREQ", syscall.EDESTADDRREQ, 10039},
	{"EMSGSIZE", syscall.EMSGSIZE, 10040},
	{"EPROTOTYPE", syscall.EPROTOTYPE, 10041},
	{"ENOPROTOOPT", syscall.ENOPROTOOPT, 10042},
	{"EPROTONOSUPPORT", syscall.EPROTONOSUPPORT, 10043},
	{"ESOCKTNOSUPPORT", syscall.ESOCKTNOSUPPORT, 10044},
	{"EOPNOTSUPP", syscall.EOPNOTSUPP, 10045},
	{"ENOTSUP", syscall.ENOTSUP, 10045},
	{"EPFNOSUPPORT", syscall.EPFNOSUPPORT, 10046},
	{"EAFNOSUPPORT", syscall.EAFNOSUPPORT, 10047},
	{"EADDRINUSE", syscall.EADDRINUSE, 10048},
	{"EADDRNOTAVAIL", syscall.EADDRNOTAVAIL, 10049},
	{"ENETDOWN", syscall.ENETDOWN, 10050},
	{"ENETUNREACH", syscall.ENETUNREACH, 10051},
	{"ENETRESET", syscall.ENETRESET, 10052},
	{"ECONNABORTED", syscall.ECONNABORTED, 10053},
	{"ECONNRESET", syscall.ECONNRESET, 10054},
	{"EPIPE", syscall.EPIPE, 10054},
	{"ENOBUFS", syscall.ENOBUFS, 10055},
	{"ENOMEM", syscall.ENOMEM, 10055},
	{"EISCONN", syscall.EISCONN, 10056},
	{"ENOTCONN", syscall.ENOTCONN, 10057},
	{"ESHUTDOWN", syscall.ESHUTDOWN, 10058},
	{"ETOOMANYREFS", syscall.ETOOMANYREFS, 10059},
	{"ETIMEDOUT", syscall.ETIMEDOUT, 10060},
	{"ECONNREFUSED", syscall.ECONNREFUSED, 10061},
	{"ELOOP", syscall.ELOOP, 10062},
	{"ENAMETOOLONG", syscall.ENAMETOOLONG, 10063},
	{"EHOSTDOWN", syscall.EHOSTDOWN, 10064},
	{"EHOSTUNREACH", syscall.EHOSTUNREACH, 10065},
	{"ENOTEMPTY", syscall.ENOTEMPTY, 10066},
	{"EUSERS", syscall.EUSERS, 10068},
	{"EDQUOT", syscall.EDQUOT, 10069},
	{"ESTALE", syscall.ESTALE, 10070},
	{"EREMOTE", syscall.EREMOTE, 10071},
}

func TestErrorNumbers(t *testing.T) {
	t.Parallel()
	for _, row := range errnos {
		assert.Equal(t, row.code, trap.Code(opError(row.errno)), row.name)
	}
	assert.Equal(t, 10053, trap.Code(opError(syscall.ENOSPC)), "a number of no code")
	assert.Equal(t, 10045, trap.Code(opError(syscall.ENOSYS)), "which is errors.ErrUnsupported")
}

func TestTheNumbersOfWinsockAreTheCodes(t *testing.T) {
	t.Parallel()
	for _, row := range trap.Codes() {
		if row.Group == trap.GroupTCPIP {
			assert.Equal(t, row.Code, trap.Code(opError(syscall.Errno(row.Code))), row.Code)
		}
	}
	for _, errno := range []syscall.Errno{10003, 10005, 10090, 10101, 11005} {
		assert.Equal(t, 10053, trap.Code(opError(errno)), "%d is not in the table", errno)
	}
}

// TestEveryCodeOfTheNetworkOccurs is the other side of "never".
func TestEveryCodeOfTheNetworkOccurs(t *testing.T) {
	t.Parallel()
	reached := map[int]bool{}
	for _, row := range errnos {
		reached[row.code] = true
	}
	for _, row := range goErrors {
		reached[row.code] = true
	}
	for _, row := range trap.Codes() {
		if row.Group != trap.GroupTCPIP || strings.HasPrefix(row.Occurs, trap.Never) {
			continue
		}
		require.True(t, reached[row.Code] || strings.Contains(row.Occurs, "WSA"), "%d: nothing here has it", row.Code)
	}
}
