package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// copyText writes a text to a file on the host. The path must not be a folder: a text has no name of its own.
func copyText(files *sftp.Client, text, destination string) error {
	existing, err := prepare(files, destination)
	if err != nil {
		return err
	}
	if existing != nil && existing.IsDir() {
		return fmt.Errorf("%s is a folder: a text needs the path of a file", destination)
	}
	return write(files, strings.NewReader(text), destination)
}

// copyPath copies a local file or folder to the host:
//
//	source   destination is a folder   is not there         is a file
//	file     destination/file          destination          destination, overwritten
//	dir      destination/dir           destination/dir      error
//	dir/     destination               destination          error
func copyPath(files *sftp.Client, source, destination string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	existing, err := prepare(files, destination)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if !strings.HasSuffix(source, "/") {
			destination = path.Join(destination, filepath.Base(source))
		}
		return copyFolder(files, source, destination)
	}
	if existing != nil && existing.IsDir() {
		destination = path.Join(destination, filepath.Base(source))
	}
	return copyFile(files, source, destination)
}

// prepare makes the parent folders of a path on the host and says what is there: nil if nothing is.
func prepare(files *sftp.Client, destination string) (fs.FileInfo, error) {
	if err := makeFolder(files, path.Dir(destination)); err != nil {
		return nil, err
	}
	info, err := files.Stat(destination)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", destination, err)
	}
	return info, nil
}

func makeFolder(files *sftp.Client, folder string) error {
	if err := files.MkdirAll(folder); err != nil {
		return fmt.Errorf("make folder %s: %w", folder, err)
	}
	return nil
}

// copyFolder copies everything below a local folder into a folder on the host, which is made if need be.
func copyFolder(files *sftp.Client, source, destination string) error {
	return filepath.WalkDir(source, func(local string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, local)
		if err != nil {
			return err
		}
		remote := path.Join(destination, filepath.ToSlash(relative))
		if entry.IsDir() {
			return makeFolder(files, remote)
		}
		return copyFile(files, local, remote)
	})
}

func copyFile(files *sftp.Client, source, destination string) error {
	local, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = local.Close() }()
	return write(files, local, destination)
}

func write(files *sftp.Client, content io.Reader, destination string) error {
	remote, err := files.Create(destination)
	if err != nil {
		return fmt.Errorf("create %s: %w", destination, err)
	}
	_, err = remote.ReadFrom(content)
	if err = errors.Join(err, remote.Close()); err != nil {
		return fmt.Errorf("write %s: %w", destination, err)
	}
	return nil
}
