package journal

import (
	"context"

	"github.com/ediport/ediport/internal/trap"
)

// Codes of the component's error table that this package returns. A record that
// is not valid is 10022, a journal in use by another process 10036, a closed
// one 10053; a context that ends is 10004 (canceled) or 10060 (too late).
const (
	CodeStore = 671 // the journal cannot be read or written
	CodeKnown = 681 // the file has been received before
)

// Sentinels for errors.Is; what is returned says more.
var (
	ErrKnown  = &trap.Error{Code: CodeKnown, Message: "the file has been received before"}
	ErrInUse  = &trap.Error{Code: trap.CodeInProgress, Message: "the journal is in use"}
	ErrClosed = &trap.Error{Code: trap.CodeAborted, Message: "the journal is closed"}
)

func known(id FileID) error {
	return trap.New(CodeKnown, "%q of %s, %s %s, has been received before", id.Name, id.Originator, id.Date, id.Time)
}

// ended is the error of a context that is done, nil of one that is not.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return trap.New(trap.Code(err), "the journal has changed nothing: %w", err)
	}
	return nil
}

// corrupt is an error of what is stored.
func corrupt(format string, args ...any) error {
	return trap.New(CodeStore, "the journal is damaged: "+format, args...)
}
