/* A disk that loses what was not synced, for one process tree (LD_PRELOAD).
 *
 * On fsync or fdatasync of a file its bytes are copied to $POWER_SHADOW/f<inode>-<birth>; of a
 * folder, the list of its names to $POWER_SHADOW/d<inode>-<birth>. What these say is what POSIX
 * promises to be there when the power goes: see power_cut.py, which rebuilds the folder.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int identity(int fd, char *out, size_t size, int *is_folder) {
  struct statx found;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &found)) return -1;
  *is_folder = S_ISDIR(found.stx_mode);
  if (!*is_folder && !S_ISREG(found.stx_mode)) return -1;
  snprintf(out, size, "%llu-%lld%09u", (unsigned long long)found.stx_ino,
           (long long)found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
  return 0;
}

static void copy_file(int fd, int to) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int from = open(path, O_RDONLY | O_CLOEXEC); /* `fd` may be open for writing only */
  if (from < 0) _exit(97);
  static char buffer[1 << 20];
  ssize_t got;
  while ((got = read(from, buffer, sizeof buffer)) > 0)
    if (write(to, buffer, got) != got) _exit(98);
  close(from);
}

static void copy_names(int fd, int to) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  DIR *folder = opendir(path);
  if (!folder) _exit(96);
  struct dirent *entry;
  while ((entry = readdir(folder))) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    int child = openat(dirfd(folder), entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0) continue;
    char name[64];
    int is_folder;
    if (!identity(child, name, sizeof name, &is_folder))
      dprintf(to, "%c%s %s\n", is_folder ? 'd' : 'f', name, entry->d_name);
    close(child);
  }
  closedir(folder);
}

static int remember(int fd) {
  const char *shadow = getenv("POWER_SHADOW");
  char name[64], path[4096], partial[4200];
  int is_folder;
  if (!shadow || identity(fd, name, sizeof name, &is_folder)) return 0;
  pthread_mutex_lock(&lock);
  snprintf(path, sizeof path, "%s/%c%s", shadow, is_folder ? 'd' : 'f', name);
  snprintf(partial, sizeof partial, "%s.%d.partial", path, getpid());
  int to = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (to < 0) _exit(95);
  if (is_folder) copy_names(fd, to); else copy_file(fd, to);
  close(to);
  if (rename(partial, path)) _exit(94);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) { return remember(fd); }
int fdatasync(int fd) { return remember(fd); }
