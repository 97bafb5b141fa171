package journal

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"github.com/ediport/ediport/internal/trap"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Commit is documented at [Journal].
func (f *File) Commit(ctx context.Context, changes ...Change) error {
	if err := Check(changes...); err != nil {
		return err
	}
	if len(changes) == 0 {
		return ended(ctx)
	}
	writes := make([]func(*bbolt.Tx) error, len(changes))
	for i, c := range changes {
		writes[i] = write(c)
	}
	err := f.line.do(ctx, f.update, func(tx *bbolt.Tx) error {
		for _, w := range writes {
			if err := w(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		// Not before: what is lent cannot be taken, so nobody takes a
		// receipt between its removal and this.
		f.lending.Lock()
		f.lent.settle(changes)
		f.lending.Unlock()
	}
	return err
}

// write returns how a change is made. What can be prepared outside of the
// transaction is.
func write(c Change) func(*bbolt.Tx) error {
	switch c := c.(type) {
	case Receipt:
		return owe(c.clone())
	case Settled:
		return remove(receiptTable, keyOf(&Owed{Receipt: Receipt{Partner: c.Partner}, Number: c.Number}))
	case Received:
		return receive(c)
	case Sent:
		return put(sentTable, &c)
	case Answer:
		return answer(c)
	case RestartPoint:
		return put(restartTable, &c)
	case RestartDone:
		return remove(restartTable, keyOf(&c.RestartKey))
	}
	return func(*bbolt.Tx) error { return invalid("%T is no change", c) }
}

func put(table string, r record) func(*bbolt.Tx) error {
	key, value := encode(r)
	return func(tx *bbolt.Tx) error { return tx.Bucket([]byte(table)).Put(key, value) }
}

func remove(table string, key []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return tx.Bucket([]byte(table)).Delete(key) }
}

func owe(r Receipt) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(receiptTable))
		number, err := b.NextSequence()
		if err != nil {
			return err
		}
		key, value := encode(&Owed{Receipt: r, Number: number})
		if b.Get(key) != nil {
			return corrupt("its count of receipts has gone back to %d", number)
		}
		return b.Put(key, value)
	}
}

func receive(r Received) func(*bbolt.Tx) error {
	note := put(receivedTable, &r)
	if r.Again {
		return note
	}
	key := keyOf(&r)
	return func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(receivedTable)).Get(key) != nil {
			return known(r.File)
		}
		return note(tx)
	}
}

func answer(a Answer) func(*bbolt.Tx) error {
	key := keyOf(&Sent{File: a.File})
	return func(tx *bbolt.Tx) error {
		value := tx.Bucket([]byte(sentTable)).Get(key)
		if value == nil {
			return nil
		}
		s, err := decode[Sent](key, value)
		if err != nil {
			return err
		}
		if s, changed := s.answered(a); changed {
			return put(sentTable, &s)(tx)
		}
		return nil
	}
}

// update is the [updater] of the file. After a failure that may have left
// something half known on the disk nothing is written any more: what the system
// failed to sync it may take for synced the next time. A full disk is no such
// failure.
func (f *File) update(fn func(*bbolt.Tx) error) (refused, failed error) {
	if f.broken != nil {
		return nil, trap.Wrap(CodeStore, f.broken, "the journal "+f.path+" has failed before and must be opened again")
	}
	err := safely(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			refused = fn(tx)
			return refused
		})
	})
	switch {
	case refused != nil:
		return coded(refused), nil
	case err == nil:
		return nil, nil
	case !full(err):
		f.broken = err
	}
	return nil, trap.Wrap(CodeStore, err, "writing the journal "+f.path)
}

// coded leaves an error of this package as it is.
func coded(err error) error {
	if _, ok := errors.AsType[*trap.Error](err); ok {
		return err
	}
	return trap.Wrap(CodeStore, err, "writing the journal")
}

// full reports whether there is no room for more.
func full(err error) bool {
	return errors.Is(err, bolterrors.ErrMaxSizeReached) ||
		slices.ContainsFunc(noRoom, func(e error) bool { return errors.Is(err, e) })
}

// safely runs what reads memory that is the file: a disk that cannot be read,
// or a file that somebody has cut off, shows as a fault or a panic there.
func safely(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = corrupt("%v", p)
		}
	}()
	return fn()
}
