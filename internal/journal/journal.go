package journal

import (
	"context"
	"iter"
	"time"
)

// A Journal remembers. Any goroutine may use it. Its errors are *trap.Error,
// with the codes of this package; an error of Commit or Prune means that nothing
// of that call has changed, except that the cause of code 671 may leave it open
// until the journal is opened again.
//
// What is handed out is the caller's own; nothing in it is shared.
type Journal interface {
	// Commit makes all changes last, in their order, or none of them. It
	// returns when they are as safe as the implementation can make them. A
	// context that ends while the call waits for its turn withdraws the
	// changes; after that the call waits for the disk.
	Commit(ctx context.Context, changes ...Change) error

	// Take lends the oldest receipt owed to a partner that is wanted and not
	// lent already; false if there is none. With wanted nil it is the oldest
	// that is not Held. It stays lent until it is returned or settled. The
	// function wanted must not use the journal, nor change what it is given.
	Take(ctx context.Context, partner string, wanted func(Receipt) bool) (Owed, bool, error)

	// Return gives receipts back that could not be sent. Each has the place
	// in the queue again that it had before.
	Return(receipts ...Owed)

	// Receipts lists what is owed to a partner, lent and Held ones too, the
	// oldest first; with "" what is owed to each partner. The loop may use the
	// journal; what changes meanwhile may be seen or not. The list ends with
	// the first error.
	Receipts(ctx context.Context, partner string) iter.Seq2[Owed, error]

	// Received finds a file that has been received.
	Received(ctx context.Context, id FileID) (Received, bool, error)

	// Sent finds a file that has been sent, and AllSent lists them in no
	// order, as Receipts does. What is still unanswered has a State below
	// [Acknowledged].
	Sent(ctx context.Context, id FileID) (Sent, bool, error)
	AllSent(ctx context.Context) iter.Seq2[Sent, error]

	// Restart finds the point at which a transfer can go on, and Restarts
	// lists them in no order, as Receipts does.
	Restart(ctx context.Context, key RestartKey) (RestartPoint, bool, error)
	Restarts(ctx context.Context) iter.Seq2[RestartPoint, error]

	// Prune forgets what is older than the horizon and returns how much that
	// was. Receipts that are owed are never forgotten. What it has done when
	// an error comes stays done.
	Prune(ctx context.Context, h Horizon) (int, error)

	// Close waits for commits that are under way. Every later call fails with
	// ErrClosed.
	Close() error
}

// A Change is one of the values that Commit takes: [Receipt], [Settled],
// [Received], [Sent], [Answer], [RestartPoint] and [RestartDone].
type Change interface {
	// valid says what is wrong with the value itself. It is not exported, so
	// that implementations can rely on the list above.
	valid() error
}

// Check returns what is wrong with changes, whatever the journal holds (10022).
// It is for implementations of [Journal] in other packages.
func Check(changes ...Change) error {
	for _, c := range changes {
		switch c.(type) {
		case Receipt, Settled, Received, Sent, Answer, RestartPoint, RestartDone:
		default: // pointers have the method, too
			return invalid("%T is no change", c)
		}
		if err := c.valid(); err != nil {
			return err
		}
	}
	return nil
}

// A Horizon says how far back a journal remembers. What is older than a time is
// forgotten; the zero time keeps everything.
type Horizon struct {
	Received   time.Time // files received, by At: duplicates of older ones are not noticed
	Answered   time.Time // files sent that are acknowledged or refused, by AnsweredAt
	Unanswered time.Time // files sent without an answer, by At
	Restarts   time.Time // restart points, by At
}
